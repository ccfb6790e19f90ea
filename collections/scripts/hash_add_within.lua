-- hash_add_within: add to an integer field unless the sum leaves its bounds.
-- KEYS[1] hash
-- ARGV[1] field    ARGV[2] delta    ARGV[3] min, ARGV[4] max    all inside ±2^53
-- returns {1, sum} when applied; {0} when a bound was in the way, nothing changed
-- O(1). Atomic. Sums are compared as Lua numbers: the bounds have 32 bits at
-- most, and a stored value beyond 2^53 is out of them all the same.
local had = redis.call('HEXISTS', KEYS[1], ARGV[1])
local sum = redis.call('HINCRBY', KEYS[1], ARGV[1], ARGV[2])
if sum >= tonumber(ARGV[3]) and sum <= tonumber(ARGV[4]) then
  return {1, redis.call('HGET', KEYS[1], ARGV[1])}
end
if had == 1 then
  redis.call('HINCRBY', KEYS[1], ARGV[1], string.format('%.0f', -tonumber(ARGV[2])))
else
  redis.call('HDEL', KEYS[1], ARGV[1])
end
return {0}
