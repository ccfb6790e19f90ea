-- hash_load_or_store: read a field, or store it if it is missing.
-- reply: text or nil
-- KEYS[1] hash
-- ARGV[1] field    ARGV[2] value to store
-- returns the existing value, or nil if ARGV[2] was stored
-- O(1). Atomic.
local old = redis.call('HGET', KEYS[1], ARGV[1])
if not old then redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) end
return old
