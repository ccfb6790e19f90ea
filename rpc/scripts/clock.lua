-- clock: the server's, in ms.
local function clock()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

-- text: a number of ms as Redis writes it.
local function text(n) return string.format('%.0f', n) end

-- alive: how many workers have a lease. One that ends after two leases was given by another clock, as that of a master
-- before this one: its worker renews it, or is gone.
local function alive(workers, now)
  return redis.call('ZCOUNT', workers, '(' .. text(now), text(now + 20000))
end

