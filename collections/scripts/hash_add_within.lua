-- hash_add_within: add to an integer field unless the sum would be out of its bounds.
-- reply: {integer, text} or {integer}
-- KEYS[1] hash
-- ARGV[1] field    ARGV[2] delta    ARGV[3] min, ARGV[4] max    all inside ±2^53
-- returns {1, sum} if added; {0} if the sum would be out of bounds and nothing changed
-- O(1). Atomic. Compares sums as Lua numbers. This is exact enough: the bounds have at most
-- 32 bits, so a stored value beyond 2^53 is out of bounds in any case. For a field that is
-- not an integer, HINCRBY returns the error.
local old = redis.call('HGET', KEYS[1], ARGV[1]) or '0'
if string.match(old, '^-?%d+$') then
  local sum = tonumber(old) + tonumber(ARGV[2])
  if sum < tonumber(ARGV[3]) or sum > tonumber(ARGV[4]) then return {0} end
end
return {1, string.format('%.0f', redis.call('HINCRBY', KEYS[1], ARGV[1], ARGV[2]))}
