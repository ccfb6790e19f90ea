-- unlink: delete an object and its helper keys.
-- flags: allow-oom
-- reply: integer
-- KEYS[1..]  the object's keys, of any type
-- returns how many of them existed
-- O(number of keys); the memory is freed in the background. Atomic.
return redis.call('UNLINK', unpack(KEYS))
