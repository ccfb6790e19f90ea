-- call: store calls for the workers of a service.
-- KEYS[1] calls  list    KEYS[2] alive  string, how many calls may wait; it exists while a worker lives
-- ARGV[1] life of the list in ms    ARGV[2..] calls, the first one first
-- returns {stored, now}: how many calls were stored, the others found no room; -1 if no worker lives;
--         the server's clock
-- in ms
-- O(calls). Atomic.
local t = redis.call('TIME')
local now = string.format('%.0f', t[1] * 1000 + math.floor(t[2] / 1000))
local bound = tonumber(redis.call('GET', KEYS[2])) -- nil if no worker wrote it
if not bound then return {-1, now} end
local n = math.min(#ARGV - 1, bound - redis.call('LLEN', KEYS[1]))
if n <= 0 then return {0, now} end
redis.call('RPUSH', KEYS[1], unpack(ARGV, 2, n + 1))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return {n, now}
