-- string_delete_if: delete a string if it is the expected one.
-- flags: allow-oom
-- reply: integer
-- KEYS[1] string
-- ARGV[1] expected value
-- returns 1 when deleted, 0 when the value is another or there is none
-- O(length). Atomic; compares bytes.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
