-- check: what a client has to know about the workers of a service.
-- flags: allow-oom
-- KEYS[1] workers  sorted set    KEYS[2] ended  sorted set    KEYS[3] about  hash
-- returns {now, workers, until}: the server's clock in ms; how many live; calls of before until, in ms, that have no
-- answer may be lost ("0": none)
-- O(workers that died). Atomic. It runs when memory is full.
local now = clock()
reap(KEYS[1], KEYS[2], KEYS[3], text(now))
local last = 0
for _, m in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', text(now))) do
  last = math.max(last, tonumber(string.match(m, '^%d+')))
end
return {text(now), redis.call('ZCARD', KEYS[1]), text(last)}
