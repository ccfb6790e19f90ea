-- swap_if: store a number if the current number is the expected one.
-- reply: integer
-- KEYS[1] counter   string, decimal integer; missing counts as ARGV[1]
-- ARGV[1] start    ARGV[2] expected    ARGV[3] new    decimal text
-- returns 1 if stored, 0 otherwise
-- O(1). Atomic. Compares texts, because every writer of a counter writes the same form.
if (redis.call('GET', KEYS[1]) or ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('SET', KEYS[1], ARGV[3], 'KEEPTTL')
return 1
