-- hash_delete_if: delete a field if its value is the expected one.
-- flags: allow-oom
-- reply: integer
-- KEYS[1] hash
-- ARGV[1] field    ARGV[2] expected value
-- returns 1 when deleted, 0 when the value is another or there is none
-- O(1) and the length of the values. Atomic; compares bytes.
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
return redis.call('HDEL', KEYS[1], ARGV[1])
