-- hash_set_ttl: store a field that expires, where there is no HSETEX.
-- reply: integer
-- KEYS[1] hash
-- ARGV[1] field    ARGV[2] value    ARGV[3] time to live in milliseconds
-- returns 1
-- O(1). Atomic. HPEXPIRE comes first, with a condition that does not hold: a
-- server without it, a key of another type or a user who may not use it ends
-- the script there.
redis.call('HPEXPIRE', KEYS[1], 1, 'GT', 'FIELDS', 1, ARGV[1])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('HPEXPIRE', KEYS[1], ARGV[3], 'FIELDS', 1, ARGV[1])
return 1
