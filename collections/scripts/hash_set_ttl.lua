-- hash_set_ttl: store a field that expires, on a server without HSETEX.
-- reply: integer
-- KEYS[1] hash
-- ARGV[1] field    ARGV[2] value    ARGV[3] time to live in milliseconds
-- returns 1
-- O(1). Atomic. The script calls HPEXPIRE first, with a condition that is never true. If the
-- server lacks HPEXPIRE, the key has another type or the user lacks permission, the script
-- fails before anything is written.
redis.call('HPEXPIRE', KEYS[1], 1, 'GT', 'FIELDS', 1, ARGV[1])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('HPEXPIRE', KEYS[1], ARGV[3], 'FIELDS', 1, ARGV[1])
return 1
