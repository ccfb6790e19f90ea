-- string_swap_if: store a string if it has the expected value.
-- reply: integer
-- KEYS[1] string
-- ARGV[1] expected value    ARGV[2] new value
-- returns 1 if stored, 0 if the value differs or is missing
-- O(length). Atomic. Compares bytes. An expiry stays.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
return 1
