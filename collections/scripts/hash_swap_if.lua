-- hash_swap_if: store a field if it has the expected value.
-- reply: integer
-- KEYS[1] hash
-- ARGV[1] field    ARGV[2] expected value    ARGV[3] new value
-- returns 1 if stored, 0 if the value differs or is missing
-- O(length of the values). Atomic. Compares bytes.
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
