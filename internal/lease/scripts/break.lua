-- break: ask the holders of a lock to give it up, or take it from them.
-- flags: allow-oom
-- reply: integer
-- KEYS[1] leases    KEYS[2] meta    KEYS[3] waiting    KEYS[4] wake
-- KEYS[5] wake of those that want more than 1 and KEYS[6] since, or neither
-- ARGV[1] "publish" where wake-ups are published, else ""    ARGV[2] "1" to take it
-- returns the number of holders
-- O(holders). Atomic. It also runs when memory is full.
local leases, meta = KEYS[1], KEYS[2]
local now = clock()
local token, sum, waited = load(meta)
local _, denied = held(leases, KEYS[6] and sum or nil, now, KEYS[6] and function(left)
  return save(meta, token, left, waited, 3600000)
end)
if denied then return denied end
if ARGV[2] == '1' then -- a user without permission is refused before anything changes
  processes().ring(now)
  redis.call('ZREM', leases, '')
  denied = token > 0 and save(meta, token, 0, waited, 3600000)
  if denied and denied.err then return denied end
end
local all, n = redis.call('ZRANGE', leases, 0, -1, 'WITHSCORES'), 0
for i = 1, #all, 2 do
  local mark = string.sub(all[i], 1, 1)
  if mark ~= '!' then
    n = n + 1
    if ARGV[2] == '1' then
      redis.call('ZREM', leases, all[i])
    elseif mark ~= '~' then
      redis.call('ZADD', leases, all[i + 1], '~' .. all[i])
      redis.call('ZREM', leases, all[i])
    end
  end
end
return n
