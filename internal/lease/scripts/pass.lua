-- pass: release a lease that takes the whole capacity, and acquire one for another request of the same process.
-- flags: allow-oom
-- reply: {integer, text...}
-- KEYS[1] leases    KEYS[2] meta    KEYS[3] waiting    KEYS[4] wake
-- KEYS[5] wake of those that want more than 1 and KEYS[6] since, or neither
-- ARGV[1] "publish" where wake-ups are published, else ""
-- ARGV[2] how often in a row the process has done so    ARGV[3] the lease    ARGV[4] process
-- ARGV[5] ID of the other request    ARGV[6] weight    ARGV[7] TTL in ms    ARGV[8] owner
-- returns {state, time in ms, lease}: state 0 the lease does not exist or has ended, 1 released, but not passed on,
-- since other processes wait, 2 passed on
-- O(log(leases)). Atomic. It also runs when memory is full.
local leases, meta, lease, other = KEYS[1], KEYS[2], ARGV[3], ARGV[5]
local now, micros = clock()
if not live(leases, lease, now) then
  local earlier = find(leases, other, now)
  if earlier then return {2, text(now), earlier} end
  if not redis.call('ZSCORE', leases, '~' .. lease) then return {0, text(now)} end
  processes().ring(now)
  redis.call('ZREM', leases, '~' .. lease)
  return {1, text(now)}
end
local id, copies = string.match(lease, '^(%S+) %S+ %S+ (%d+)')
bury(leases, id, now, tonumber(copies))
local token, _, waited = load(meta)
if waited == '1' and tonumber(ARGV[2]) >= 8 then
  local others = redis.call('ZCARD', KEYS[3])
  if others > 0 and redis.call('ZSCORE', KEYS[3], ARGV[4]) then others = others - 1 end
  if others > 0 then
    local waiting = processes()
    waiting.forget(ARGV[4]) -- its caller tries by itself
    waiting.ring(now)
    local denied = KEYS[6] and save(meta, token, 0, waited, 3600000)
    if denied and denied.err then return denied end
    redis.call('ZREM', leases, lease)
    return {1, text(now)}
  end
end
local passed = grant(leases, meta, now, math.max(token + 1, micros), tonumber(ARGV[6]), waited, false, other, ARGV[6],
  tonumber(ARGV[7]), '0', ARGV[8])
if type(passed) == 'table' then return passed end
redis.call('ZREM', leases, lease)
return {2, text(now), passed}
