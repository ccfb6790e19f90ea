-- requeue: requeue values at the head of their list, in their order.
-- flags: allow-oom
-- reply: integer
-- KEYS[1] values  list    KEYS[2] wake  list of at most one token
-- ARGV[1] "publish" where wake-ups are published, else ""    ARGV[2] expiry of a token in ms
-- ARGV[3] expiry of the list in ms, 0 for no expiry    ARGV[4..] values, the first one first
-- returns the length afterwards
-- O(values). Atomic. It also runs when memory is full, since the values were stored before.
redis.call('LLEN', KEYS[1])
wake(KEYS[2], ARGV[1], ARGV[2])
for i = #ARGV, 4, -1 do redis.call('LPUSH', KEYS[1], ARGV[i]) end
if ARGV[3] ~= '0' then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
return redis.call('LLEN', KEYS[1])
