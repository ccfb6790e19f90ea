-- release: release a lease, and wake a waiter.
-- flags: allow-oom
-- reply: integer
-- KEYS[1] leases    KEYS[2] meta    KEYS[3] waiting    KEYS[4] wake
-- KEYS[5] wake of those that want more than 1 and KEYS[6] since, or neither
-- ARGV[1] "publish" where wake-ups are published, else ""
-- ARGV[2] the lease, or the ID of its request
-- ARGV[3] the time until which copies of the request may arrive, ms of the server's clock, or "0"
-- ARGV[4] the process, if nobody waits in it and a wake-up would name it; else missing
-- returns 1, or 0 if the lease does not exist
-- O(log(leases)). Atomic. It also runs when memory is full.
local leases, meta, lease = KEYS[1], KEYS[2], ARGV[2]
if not KEYS[6] and ARGV[3] == '0' and string.sub(redis.call('GET', meta) or '', -2) == ' 0' then -- nobody waits
  if redis.call('ZREM', leases, lease) == 1 then return 1 end
end

-- functions
local token, sum, waited = load(meta)
local now = (ARGV[3] ~= '0' or waited == '1') and clock()
if ARGV[3] ~= '0' then
  bury(leases, string.match(lease, '^%S+'), now, tonumber(ARGV[3]))
  lease = find(leases, lease, now) or lease
end
local granted = ARGV[4] and waited == '1' and string.match(lease, '^%S+ (%d+)')
if granted then processes().forgetUntil(ARGV[4], tonumber(granted) / 1000) end -- callers of it that have tried since wait
-- It rings first, so that a user without permission for it is refused before anything changes.
local rang = waited == '1' and processes().ring(now)
if KEYS[6] then
  if not redis.call('ZSCORE', leases, lease) then
    lease = '~' .. lease
    if not redis.call('ZSCORE', leases, lease) then return 0 end
  end
  redis.call('ZREM', leases, '') -- a user without permission for it is refused before anything changes
  sum = math.max((sum or 0) - weight(lease), 0)
  local denied = save(meta, token, sum, waited, 3600000)
  if denied.err then return denied end
end
if redis.call('ZREM', leases, lease) == 0 and redis.call('ZREM', leases, '~' .. lease) == 0 then return 0 end
if waited == '1' and not rang then save(meta, token, KEYS[6] and sum or 0, '0', 3600000) end
return 1
