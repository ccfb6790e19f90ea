-- pass: release a lease that takes the whole capacity, and acquire one for another request of the same process.
-- flags: allow-oom
-- reply: {integer, text...}
-- KEYS[1] leases    KEYS[2] meta    KEYS[3] waiting    KEYS[4] wake    KEYS[5] the same    KEYS[6] since
-- ARGV[1] "publish" where wake-ups are published, else ""    ARGV[2] expiry of a token in ms
-- ARGV[3] how often in a row the process has done so    ARGV[4] the lease    ARGV[5] process
-- ARGV[6] ID of the other request    ARGV[7] weight    ARGV[8] TTL in ms    ARGV[9] owner
-- returns {state, time in ms, lease}: state 0 the lease does not exist or has ended, 1 released, but not passed on,
-- since other processes wait, 2 passed on
-- O(log(leases)). Atomic. It also runs when memory is full.
local leases, meta, lease, other = KEYS[1], KEYS[2], ARGV[4], ARGV[6]
local now, micros = clock()
if not live(leases, lease, now) then
  local earlier = find(leases, other, now)
  if earlier then return {2, text(now), earlier} end
  return {0, text(now)}
end
local id, copies = string.match(lease, '^(%S+) %S+ %S+ (%d+)')
bury(leases, id, now, tonumber(copies))
local token, _, waited = load(meta)
if waited == '1' and tonumber(ARGV[3]) >= 8 then
  local others = redis.call('ZCARD', keys.waiting)
  if others > 0 and redis.call('ZSCORE', keys.waiting, ARGV[5]) then others = others - 1 end
  if others > 0 then
    redis.call('ZREM', leases, lease)
    ring(keys, now, ARGV[1], ARGV[2])
    return {1, text(now)}
  end
end
local w = tonumber(ARGV[7])
local passed = grant(leases, meta, now, math.max(token + 1, micros), w, waited, other, w, tonumber(ARGV[8]), '0',
  ARGV[9])
if type(passed) == 'table' then return passed end
redis.call('ZREM', leases, lease)
return {2, text(now), passed}
