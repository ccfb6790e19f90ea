-- string_swap_if: store a string if the one there is the expected one.
-- reply: integer
-- KEYS[1] string
-- ARGV[1] expected value    ARGV[2] new value
-- returns 1 when stored, 0 when the value is another or there is none
-- O(length). Atomic; compares bytes. An expiry stays.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
return 1
