-- lease: begin a worker's incarnation, or renew its lease.
-- flags: allow-oom
-- KEYS[1] workers  sorted set, by the end of the lease in ms
-- KEYS[2] ended    sorted set, "until id" by when its calls are lost
-- KEYS[3] about    hash    KEYS[4] alive  string, how many calls may wait
-- ARGV[1] id    ARGV[2] lease in ms    ARGV[3] how many calls may wait
-- ARGV[4] what the worker publishes about itself
-- ARGV[5] "begin", or "renew", which fails when the incarnation was ended
-- returns {1, now, id ...}, with up to 16 workers whose lease has expired: the receiver ends them by leave.lua;
-- {0, now} when there is nothing to renew
-- O(workers that died, or whose lease another clock gave). Atomic. It runs when memory is full: it keeps what is there.
local now = clock()
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', text(now - 3600000))
if ARGV[5] == 'renew' and not redis.call('ZSCORE', KEYS[1], ARGV[1]) then return {0, text(now)} end
redis.call('HSET', KEYS[3], ARGV[1], ARGV[4])
redis.call('PEXPIRE', KEYS[3], 86400000)
redis.call('SET', KEYS[4], ARGV[3], 'PX', ARGV[2])
redis.call('ZADD', KEYS[1], text(now + ARGV[2]), ARGV[1])
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. text(now + 20000), '+inf')) do
  redis.call('ZADD', KEYS[1], text(now + ARGV[2]), id)
end
redis.call('PEXPIRE', KEYS[1], 86400000)
local answer = {1, text(now)}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', text(now), 'LIMIT', 0, 16)) do
  answer[#answer + 1] = id
end
return answer
