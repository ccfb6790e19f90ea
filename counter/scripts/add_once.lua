-- add_once: add to a counter unless a token was used before.
-- KEYS[1] counter   string, decimal integer; missing counts as ARGV[3]
-- KEYS[2], KEYS[3]  hashes token -> value after its addition; they take turns,
--                   window by window, and each expires when its next turn comes
-- ARGV[1] token    ARGV[2] delta    ARGV[3] start    ARGV[4] window in ms
-- ARGV[5] tokens that one window may have
-- returns {1, value} when added; {0, value} when the token was known; {} when
--         the window has its tokens; values as text
-- O(1). Atomic. By the server's clock.
local known = redis.call('HGET', KEYS[2], ARGV[1]) or redis.call('HGET', KEYS[3], ARGV[1])
if known then return {0, known} end
local t = redis.call('TIME')
local window = tonumber(ARGV[4])
local turn = math.floor((t[1] * 1000 + math.floor(t[2] / 1000)) / window)
local tokens = KEYS[2 + turn % 2]
if redis.call('HLEN', tokens) >= tonumber(ARGV[5]) then return {} end
local fresh = redis.call('EXISTS', KEYS[1]) == 0
if fresh then redis.call('SET', KEYS[1], ARGV[3]) end
local sum = redis.pcall('INCRBY', KEYS[1], ARGV[2])
if type(sum) == 'table' and sum.err then
  if fresh then redis.call('DEL', KEYS[1]) end
  return sum
end
local value = redis.call('GET', KEYS[1])
redis.call('HSET', tokens, ARGV[1], value)
redis.call('PEXPIREAT', tokens, string.format('%.0f', (turn + 2) * window))
return {1, value}
