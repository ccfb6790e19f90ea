-- string_delete_if: delete a string if it has the expected value.
-- flags: allow-oom
-- reply: integer
-- KEYS[1] string
-- ARGV[1] expected value
-- returns 1 if deleted, 0 if the value differs or is missing
-- O(length). Atomic. Compares bytes.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
