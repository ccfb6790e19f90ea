-- acquire: acquire a lease, or find the one that an earlier copy of this request has acquired.
-- reply: text
-- KEYS[1] leases sorted set    KEYS[2] meta string    KEYS[3] waiting sorted set    KEYS[4] wake, a list
-- KEYS[5] wake of those that want more than 1 and KEYS[6] since, a hash; if small requests must not overtake large ones
-- ARGV[1] "publish" where wake-ups are published, else ""
-- ARGV[2] ID of the request    ARGV[3] the time after which it is refused, ms of the server's clock
-- ARGV[4] the same of its earlier copies, else 0    ARGV[5] weight    ARGV[6] capacity    ARGV[7] TTL in ms
-- ARGV[8] owner    ARGV[9] process, "" if it does not wait    ARGV[10] "1" if others of the process wait
-- returns "state time due lease": state 0 not free, 1 acquired, 2 acquired, and there is room for more, 3 too late; due
-- is in how many ms another attempt may succeed, or -1
-- O(log(leases)) and the leases that have ended, without contention. Atomic.
local leases, meta, id, process, fair = KEYS[1], KEYS[2], ARGV[2], ARGV[9], KEYS[6]
local w, capacity, ttl = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local now, micros = clock()
if now > tonumber(ARGV[3]) then return '3 ' .. text(now) .. ' -1 ' end
local token, sum, waited = load(meta)
local next = redis.call('ZRANGE', leases, '0', '0', 'WITHSCORES')
if not next[1] and waited == '0' and not fair and w == capacity then -- without contention
  local lease = grant(leases, meta, now, math.max(token + 1, micros), w, '0', true, id, ARGV[5], ttl, ARGV[4], ARGV[8])
  if type(lease) == 'table' then return lease end
  return '1 ' .. text(now) .. ' -1 ' .. lease
end

-- functions
if not next[1] then
  sum = 0
else
  if ARGV[4] ~= '0' then
    local mine = find(leases, id, now)
    if mine then return '1 ' .. text(now) .. ' -1 ' .. mine end
  end
  if live(leases, '!' .. id, now) then return '3 ' .. text(now) .. ' -1 ' end
  local denied
  sum, denied = held(leases, fair and sum or nil, now, fair and function(left)
    return save(meta, token, left, waited, 3600000)
  end)
  if denied then return denied end
end
local full = sum + w > capacity
local waiting = (full or waited == '1') and processes()
local older, overtakes = false, false
if fair and waited == '1' then older, overtakes = waiting.behind(process, now, w > 1) end
if full or overtakes then
  local due = fair and 1500 or 12000
  if next[2] then due = math.min(due, math.max(tonumber(next[2]) - now, 0)) end
  if process ~= '' then
    waiting.waits(process, now, w > 1)
    if waited ~= '1' then save(meta, token, sum, '1', 3600000) end
    -- This attempt may have used the wake-up of the process that is first. If that one is gone, the others must not
    -- wake each other forever.
    if older and sum < capacity then
      local refused = tonumber(redis.call('HGET', fair, 'r') or '0')
      redis.call('HSET', fair, 'r', refused + 1)
      if refused < 16 then waiting.ring(now, process) end
    end
  end
  return '0 ' .. text(now) .. ' ' .. text(due) .. ' '
end
if fair and waited == '1' then redis.call('HDEL', fair, 'r', process) end
local leaves, others = process ~= '' and ARGV[10] ~= '1', '0'
if waiting then
  for _, p in ipairs(redis.call('ZRANGE', KEYS[3], '0', '1')) do
    if not leaves or p ~= process then others = '1' end
  end
end
sum = sum + w
local more, token = sum < capacity, math.max(token + 1, micros)
local lease = grant(leases, meta, now, token, sum, others, not next[1], id, ARGV[5], ttl, ARGV[4], ARGV[8])
if type(lease) == 'table' then return lease end
if waiting then
  pcall(function() -- an error must not hide the lease
    if leaves then waiting.forget(process) end
    if more then waiting.ring(now) end
  end)
end
return (more and '2 ' or '1 ') .. text(now) .. ' -1 ' .. lease
