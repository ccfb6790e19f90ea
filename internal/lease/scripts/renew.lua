-- renew: make leases end later.
-- flags: allow-oom
-- reply: {integer...}
-- KEYS[2i-1] leases and KEYS[2i] meta of lease i
-- ARGV[2i-1] lease i and ARGV[2i] its TTL in ms
-- returns {time in ms, results...}: 1 renewed, 0 the lease does not exist, has ended, or is to be given up
-- O(log(leases)) for each. Atomic. It also runs when memory is full.
local now = clock()
local reply = {now}
for i = 1, #KEYS / 2 do
  local leases, meta, lease, ttl = KEYS[2 * i - 1], KEYS[2 * i], ARGV[2 * i - 1], tonumber(ARGV[2 * i])
  reply[i + 1] = 0
  if live(leases, lease, now) then
    redis.call('ZADD', leases, 'XX', 'GT', text(now + ttl), lease)
    local kept = keep(leases, ttl)
    if type(kept) == 'table' then return kept end
    redis.call('PEXPIRE', meta, text(math.max(ttl, 3600000)))
    reply[i + 1] = 1
  end
end
return reply
