-- check: return what a client has to know about the workers of a service.
-- flags: no-writes
-- KEYS[1] workers  sorted set    KEYS[2] ended  sorted set
-- returns {now, workers, until}: the server's clock in ms; how many workers live; calls stored until then, in ms, that
-- have no result may be lost ("0": none)
-- O(workers that died within an hour). Atomic. It writes nothing.
local now = clock()
local last = 0
for _, m in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', text(now))) do
  last = math.max(last, tonumber(string.match(m, '^%d+')))
end
return {text(now), alive(KEYS[1], now), text(last)}
