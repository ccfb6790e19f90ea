-- mailbox_requeue_last: requeue letters that mailbox_take_last has taken.
-- flags: allow-oom
-- reply: integer
-- KEYS[1] letters  list    KEYS[2] wake  list of at most one token
-- ARGV[1] "publish" where wake-ups are published, else ""    ARGV[2] expiry of a token in ms
-- ARGV[3] "0"    ARGV[4..] letters, the first one taken first
-- returns the length afterwards
-- O(letters). Atomic. It also runs when memory is full, since the letters were stored before.
redis.call('LLEN', KEYS[1])
wake(KEYS[2], ARGV[1], ARGV[2])
for i = #ARGV, 4, -1 do redis.call('RPUSH', KEYS[1], ARGV[i]) end
return redis.call('LLEN', KEYS[1])
