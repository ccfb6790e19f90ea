-- hash_swap: store a field and return its previous value.
-- reply: text or nil
-- KEYS[1] hash
-- ARGV[1] field    ARGV[2] new value
-- returns the previous value, or nil if there was none
-- O(1). Atomic. For a key of another type the first command fails, before any write.
local old = redis.call('HGET', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return old
