-- hash_swap_if: store a field if its value is the expected one.
-- reply: integer
-- KEYS[1] hash
-- ARGV[1] field    ARGV[2] expected value    ARGV[3] new value
-- returns 1 when stored, 0 when the value is another or there is none
-- O(1) and the length of the values. Atomic; compares bytes.
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
