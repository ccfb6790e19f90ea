-- weight returns the weight of a member.
local function weight(member)
  return tonumber(string.match(member, '^[^!]%S* %S+ (%d+)') or '0')
end

-- held removes leases that have ended.
-- sum: the sum of the weights that meta has; nil if it must be computed
-- returns the sum of the weights of the others
local function held(leases, sum, now)
  local ended = redis.call('ZRANGEBYSCORE', leases, '-inf', text(now))
  for i = 1, #ended do
    redis.call('ZREM', leases, ended[i])
    sum = sum and sum - weight(ended[i])
  end
  if sum and sum >= 0 then return sum end
  sum = 0
  for _, member in ipairs(redis.call('ZRANGE', leases, 0, -1)) do sum = sum + weight(member) end
  return sum
end

-- live returns whether a lease exists and has not ended.
local function live(leases, member, now)
  local ends = redis.call('ZSCORE', leases, member)
  return ends and tonumber(ends) > now
end

-- find returns the lease of a request.
local function find(leases, id, now)
  for _, member in ipairs(redis.call('ZRANGE', leases, 0, -1)) do
    if string.sub(member, 1, #id + 1) == id .. ' ' and live(leases, member, now) then return member end
  end
end

-- bury keeps copies of a request from acquiring until they are too late.
local function bury(leases, id, now, copies)
  if copies <= now then return end
  redis.call('ZADD', leases, text(copies), '!' .. id)
  keep(leases, copies - now)
end
