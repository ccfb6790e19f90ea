-- leave: end a worker's incarnation.
-- flags: allow-oom
-- KEYS[1] workers  sorted set    KEYS[2] ended  sorted set    KEYS[3] about  hash    KEYS[4] alive  string
-- ARGV[1] id    ARGV[2] ms after which calls that it may have had are lost, or "" if it has none
-- returns {1, now}
-- O(workers that died). Atomic. It runs when memory is full.
local now = clock()
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1])
if ARGV[2] ~= '' then
  redis.call('ZADD', KEYS[2], text(now + ARGV[2]), text(now) .. ' ' .. ARGV[1])
  redis.call('PEXPIRE', KEYS[2], 86400000)
end
reap(KEYS[1], KEYS[2], KEYS[3], text(now))
if redis.call('ZCARD', KEYS[1]) == 0 then redis.call('DEL', KEYS[4]) end
return {1, text(now)}
