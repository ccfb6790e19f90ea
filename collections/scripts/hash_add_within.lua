-- hash_add_within: add to an integer field unless the sum leaves its bounds.
-- reply: {integer, text} or {integer}
-- KEYS[1] hash
-- ARGV[1] field    ARGV[2] delta    ARGV[3] min, ARGV[4] max    all inside ±2^53
-- returns {1, sum} when applied; {0} when a bound was in the way, nothing changed
-- O(1). Atomic. Sums are compared as Lua numbers: the bounds have 32 bits at
-- most, and a stored value beyond 2^53 is out of them all the same. A field that is no integer is left to
-- HINCRBY, which says so.
local old = redis.call('HGET', KEYS[1], ARGV[1]) or '0'
if string.match(old, '^-?%d+$') then
  local sum = tonumber(old) + tonumber(ARGV[2])
  if sum < tonumber(ARGV[3]) or sum > tonumber(ARGV[4]) then return {0} end
end
return {1, string.format('%.0f', redis.call('HINCRBY', KEYS[1], ARGV[1], ARGV[2]))}
