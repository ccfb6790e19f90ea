-- acquire: acquire a lease, or find the one that an earlier copy of this request has acquired.
-- reply: {integer, text...}
-- KEYS[1] leases sorted set    KEYS[2] meta string    KEYS[3] waiting sorted set    KEYS[4] wake, a list
-- KEYS[5] wake of those that want more than 1, or KEYS[4]    KEYS[6] since hash
-- ARGV[1] not used    ARGV[2] "publish" where wake-ups are published, else ""    ARGV[3] expiry of a token in ms
-- ARGV[4] ID of the request    ARGV[5] the time after which it is refused, ms of the server's clock
-- ARGV[6] the same of its earlier copies, else 0    ARGV[7] weight    ARGV[8] capacity    ARGV[9] TTL in ms
-- ARGV[10] owner    ARGV[11] process, "" if it does not wait    ARGV[12] "1" if others of the process wait
-- returns {state, time, ms until another attempt may succeed or -1, lease}: state 0 not free, 1 acquired, 2 acquired,
-- and there is room for more, 3 too late
-- O(log(leases)) and the leases that have ended, without contention. Atomic.
local leases, meta, id, process = KEYS[1], KEYS[2], ARGV[4], ARGV[11]
local now, micros = clock()
if now > tonumber(ARGV[5]) then return {3, text(now), '-1'} end
local w, capacity = tonumber(ARGV[7]), tonumber(ARGV[8])
local next = redis.call('ZRANGE', leases, 0, 0, 'WITHSCORES')
local token, sum, waited = load(meta)
if not next[1] then
  sum = 0
else
  if ARGV[6] ~= '0' then
    local mine = find(leases, id, now)
    if mine then return {1, text(now), '-1', mine} end
  end
  if live(leases, '!' .. id, now) then return {3, text(now), '-1'} end
  local before = sum
  sum = held(leases, keys.fair and sum or nil, now)
  if keys.fair and sum ~= before then save(meta, token, sum, waited, 3600000) end
end
local large, older, overtakes = w > 1, false, false
if keys.fair and waited == '1' then older, overtakes = behind(keys, process, now, large) end
if sum + w > capacity or overtakes then
  local due = keys.fair and 1500 or 12000
  if next[2] then due = math.min(due, math.max(tonumber(next[2]) - now, 0)) end
  if process ~= '' then
    waits(keys, process, now, large)
    if waited ~= '1' then save(meta, token, sum, '1', 3600000) end
    -- This attempt may have used the wake-up of the process that is first. If that one is gone, the others must not
    -- wake each other forever.
    if older and sum < capacity then
      local refused = tonumber(redis.call('HGET', keys.since, 'r') or '0')
      redis.call('HSET', keys.since, 'r', refused + 1)
      if refused < 16 then ring(keys, now, ARGV[2], ARGV[3]) end
    end
  end
  return {0, text(now), text(due)}
end
if keys.fair and waited == '1' then redis.call('HDEL', keys.since, 'r', process) end
local more = sum + w < capacity
local lease = grant(leases, meta, now, math.max(token + 1, micros), sum + w, waited, id, w, tonumber(ARGV[9]), ARGV[6],
  ARGV[10])
if type(lease) == 'table' then return lease end
pcall(function() -- an error must not hide the lease
  if waited ~= '1' then return end
  if process ~= '' and ARGV[12] ~= '1' then leave(keys, process) end
  if more then ring(keys, now, ARGV[2], ARGV[3]) end
  if redis.call('ZCARD', keys.waiting) == 0 then
    save(meta, math.max(token + 1, micros), sum + w, '0', tonumber(ARGV[9]))
  end
end)
return {more and 2 or 1, text(now), '-1', lease}
