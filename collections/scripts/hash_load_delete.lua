-- hash_load_delete: take a field out.
-- flags: allow-oom
-- reply: text or nil
-- KEYS[1] hash
-- ARGV[1] field
-- returns the value that was there, or nil
-- O(1). Atomic. Only frees memory, so it runs when the server is full.
local old = redis.call('HGET', KEYS[1], ARGV[1])
if old then redis.call('HDEL', KEYS[1], ARGV[1]) end
return old
