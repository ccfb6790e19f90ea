-- weight returns the weight of a member.
local function weight(member)
  return tonumber(string.match(member, '^[^!]%S* %S+ (%d+)') or '0')
end

-- held removes leases that have ended.
-- sum: the sum of the weights that meta has; nil if it must be computed
-- store: stores a sum that is not the one of meta, before anything is removed; nil if meta has no sum
-- returns the sum of the weights of the others, or nil and an error of store
local function held(leases, sum, now, store)
  local ended, left = redis.call('ZRANGEBYSCORE', leases, '-inf', text(now)), sum
  for i = 1, #ended do left = left and left - weight(ended[i]) end
  if not left or left < 0 then
    left = 0
    for _, member in ipairs(redis.call('ZRANGEBYSCORE', leases, '(' .. text(now), '+inf')) do
      left = left + weight(member)
    end
  end
  if store and left ~= sum then
    local denied = store(left)
    if denied.err then return nil, denied end
  end
  for i = 1, #ended do redis.call('ZREM', leases, ended[i]) end
  return left
end

-- live returns whether a lease exists and has not ended.
local function live(leases, member, now)
  local ends = redis.call('ZSCORE', leases, member)
  return ends and tonumber(ends) > now
end

-- find returns the lease of a request, without the "~" of one that is to be given up: its holder learns that when it
-- renews the lease.
local function find(leases, id, now)
  for _, member in ipairs(redis.call('ZRANGE', leases, 0, -1)) do
    local lease = string.match(member, '^~?(.*)')
    if string.sub(lease, 1, #id + 1) == id .. ' ' and live(leases, member, now) then return lease end
  end
end

-- bury keeps copies of a request from acquiring until they are too late.
local function bury(leases, id, now, copies)
  if copies <= now then return end
  redis.call('ZADD', leases, text(copies), '!' .. id)
  keep(leases, copies - now)
end
