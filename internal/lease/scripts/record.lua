-- A lease is a member "ID token weight copies owner" of a sorted set, whose score is the end in ms. After a "~" its
-- holder is to give it up. A member "!ID" keeps late copies of a request from acquiring. The string meta is "token sum
-- waits": the last token, the sum of the weights if several may hold the lock, and 1 if a process may be waiting.

-- clock returns the server's clock in ms and in µs.
local function clock()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000), t[1] * 1000000 + t[2]
end

-- text formats a whole number. Lua itself would shorten large ones, and Redis takes longer for it.
local function text(n) return string.format('%.0f', n) end

-- load returns the content of meta.
local function load(key)
  local token, sum, waits = string.match(redis.call('GET', key) or '', '^(%d+) (%d+) (%d)$')
  if not token then return 0, nil, '1' end
  return tonumber(token), tonumber(sum), waits
end

-- save stores meta, for at least as long as a lease lasts.
local function save(key, token, sum, waits, ttl)
  local value = string.format('%.0f %.0f %s', token, sum or 0, waits)
  return redis.pcall('SET', key, value, 'PX', ttl > 3600000 and text(ttl) or '3600000')
end

-- keep makes a key expire in ttl ms, if it would expire earlier.
local function keep(key, ttl)
  local left = redis.pcall('PTTL', key)
  if type(left) == 'number' and left < ttl then return redis.pcall('PEXPIRE', key, text(ttl)) end
  return left
end

-- grant stores a lease. sum is the sum of the weights with it, and alone is set if there is no other.
-- returns its member, or an error if the user has no permission; then there is no lease
local function grant(leases, meta, now, token, sum, waits, alone, id, w, ttl, copies, owner)
  local member = id .. ' ' .. text(token) .. ' ' .. w .. ' ' .. copies .. ' ' .. owner
  redis.call('ZADD', leases, text(now + ttl), member)
  local denied = save(meta, token, sum, waits, ttl)
  if not denied.err then
    if alone then denied = redis.pcall('PEXPIRE', leases, text(ttl)) else denied = keep(leases, ttl) end
  end
  if type(denied) == 'table' and denied.err then
    redis.call('ZREM', leases, member)
    return denied
  end
  return member
end
