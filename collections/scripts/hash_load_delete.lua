-- hash_load_delete: delete a field and return its value.
-- flags: allow-oom
-- reply: text or nil
-- KEYS[1] hash
-- ARGV[1] field
-- returns the value, or nil if there was none
-- O(1). Atomic. It only frees memory, so it may run when the server is out of memory.
local old = redis.call('HGET', KEYS[1], ARGV[1])
if old then redis.call('HDEL', KEYS[1], ARGV[1]) end
return old
