-- add_once: add to a counter unless a token was used before.
-- reply: {integer, text} or {}
-- KEYS[1] counter   string, decimal integer; missing counts as ARGV[3]
-- KEYS[2], KEYS[3]  hashes token -> value after its addition; they alternate from window
--                   to window, and each expires when its next window begins
-- ARGV[1] token    ARGV[2] delta    ARGV[3] start    ARGV[4] window in ms
-- ARGV[5] the most tokens of one window
-- returns {1, value} if added; {0, value} if the token was used; {} if the window is
--         full; values as text
-- O(1). Atomic. Uses the server's clock. The script stores the token without a value
-- before the addition, so that a refusal comes before the addition. A token without a
-- value counts as unused.
local function value_of(tokens)
  local value = redis.call('HGET', tokens, ARGV[1])
  return value and value ~= '' and value
end
local known = value_of(KEYS[2]) or value_of(KEYS[3])
if known then return {0, known} end
local t = redis.call('TIME')
local window = tonumber(ARGV[4])
local turn = math.floor((t[1] * 1000 + math.floor(t[2] / 1000)) / window)
local tokens = KEYS[2 + turn % 2]
if redis.call('HLEN', tokens) >= tonumber(ARGV[5]) then return {} end
local fresh = not redis.call('GET', KEYS[1])
if fresh then redis.call('DEL', KEYS[1]) end
redis.call('HSET', tokens, ARGV[1], '')
redis.call('PEXPIREAT', tokens, string.format('%.0f', (turn + 2) * window))
if fresh then redis.call('SET', KEYS[1], ARGV[3]) end
local sum = redis.pcall('INCRBY', KEYS[1], ARGV[2])
if type(sum) == 'table' and sum.err then
  if fresh then redis.call('DEL', KEYS[1]) end
  redis.pcall('HDEL', tokens, ARGV[1])
  return sum
end
local value = redis.call('GET', KEYS[1])
redis.call('HSET', tokens, ARGV[1], value)
return {1, value}
