-- holders: list the leases that have not ended.
-- flags: no-writes
-- reply: {text...}
-- KEYS[1] leases
-- returns {ms until it ends, lease...}
-- O(leases). Atomic.
local now = clock()
local reply = {}
local all = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. text(now), '+inf', 'WITHSCORES')
for i = 1, #all, 2 do
  if string.sub(all[i], 1, 1) ~= '!' then
    reply[#reply + 1] = text(all[i + 1] - now)
    reply[#reply + 1] = all[i]
  end
end
return reply
