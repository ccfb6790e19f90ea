-- release: release a lease, and wake a waiter.
-- flags: allow-oom
-- reply: integer
-- KEYS[1] leases    KEYS[2] meta    KEYS[3] waiting    KEYS[4] wake    KEYS[5] wake of those that want more than 1
-- KEYS[6] since
-- ARGV[1] "publish" where wake-ups are published, else ""    ARGV[2] expiry of a token in ms    ARGV[3] not used
-- ARGV[4] the lease, or the ID of its request with ARGV[5]: the time until which copies of that may arrive, ms of the
-- server's clock
-- returns 1, or 0 if the lease does not exist or has ended
-- O(log(leases)). Atomic. It also runs when memory is full.
local leases, meta, lease = KEYS[1], KEYS[2], ARGV[4]
local now = clock()
if ARGV[5] then
  bury(leases, lease, now, tonumber(ARGV[5]))
  lease = find(leases, lease, now) or lease
end
if not live(leases, lease, now) then
  lease = '~' .. lease
  if not live(leases, lease, now) then return 0 end
end
local id, copies = string.match(lease, '^~?(%S+) %S+ %S+ (%d+)')
bury(leases, id, now, tonumber(copies))
local token, sum, waited = load(meta)
local rang = waited == '1' and ring(keys, now, ARGV[1], ARGV[2])
if keys.fair then
  redis.call('ZREM', leases, '') -- a user without permission for it is refused before anything changes
  save(meta, token, math.max((sum or 0) - weight(lease), 0), waited, 3600000)
end
redis.call('ZREM', leases, lease)
if waited == '1' and not rang then
  save(meta, token, keys.fair and math.max((sum or 0) - weight(lease), 0) or 0, '0', 3600000)
end
return 1
