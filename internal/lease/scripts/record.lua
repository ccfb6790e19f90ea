-- A lease is a member "ID token weight copies owner" of a sorted set, whose score is the end in ms. After a "~" its
-- holder is to give it up. A member "!ID" keeps late copies of a request from acquiring. The string meta is "token sum
-- waits": the last token, the sum of the weights if several may hold the lock, and 1 if a process may be waiting.

-- clock returns the server's clock in ms and in µs.
local function clock()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000), t[1] * 1000000 + t[2]
end

-- text formats a whole number. Redis itself would shorten large ones.
local function text(n) return string.format('%.0f', n) end

-- load returns the content of meta.
local function load(key)
  local token, sum, waits = string.match(redis.call('GET', key) or '', '^(%d+) (%d+) (%d)$')
  if not token then return 0, nil, '1' end
  return tonumber(token), tonumber(sum), waits
end

-- save stores meta, for at least as long as a lease lasts.
local function save(key, token, sum, waits, ttl)
  local value = text(token) .. ' ' .. text(sum or 0) .. ' ' .. waits
  return redis.pcall('SET', key, value, 'PX', text(math.max(ttl, 3600000)))
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

-- keep makes a key expire in ttl ms, if it would expire earlier.
local function keep(key, ttl)
  if redis.call('PTTL', key) < ttl then return redis.pcall('PEXPIRE', key, text(ttl)) end
end

-- grant stores a lease. sum is the sum of the weights with it.
-- returns its member, or an error if the user has no permission; then there is no lease
local function grant(leases, meta, now, token, sum, waits, id, w, ttl, copies, owner)
  local member = id .. ' ' .. text(token) .. ' ' .. text(w) .. ' ' .. copies .. ' ' .. owner
  redis.call('ZADD', leases, text(now + ttl), member)
  local denied = save(meta, token, sum, waits, ttl)
  if not denied.err then denied = keep(leases, ttl) end
  if type(denied) == 'table' and denied.err then
    redis.call('ZREM', leases, member)
    return denied
  end
  return member
end

-- bury keeps copies of a request from acquiring until they are too late.
local function bury(leases, id, now, copies)
  if copies <= now then return end
  redis.call('ZADD', leases, text(copies), '!' .. id)
  keep(leases, copies - now)
end

