-- hash_delete_if: delete a field if it has the expected value.
-- flags: allow-oom
-- reply: integer
-- KEYS[1] hash
-- ARGV[1] field    ARGV[2] expected value
-- returns 1 if deleted, 0 if the value differs or is missing
-- O(length of the values). Atomic. Compares bytes.
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
return redis.call('HDEL', KEYS[1], ARGV[1])
