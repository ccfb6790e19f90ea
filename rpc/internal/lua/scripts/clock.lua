-- clock returns the server's clock in ms.
local function clock()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

-- text formats a number of ms as Redis does.
local function text(n) return string.format('%.0f', n) end

-- alive returns how many workers have a lease. A lease that ends after two leases was given by another clock, for
-- example that of a former master. Its worker either renews it or is gone.
local function alive(workers, now)
  return redis.call('ZCOUNT', workers, '(' .. text(now), text(now + 20000))
end

