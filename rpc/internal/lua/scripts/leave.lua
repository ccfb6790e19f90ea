-- leave: end a worker's incarnation.
-- flags: allow-oom
-- KEYS[1] workers  sorted set    KEYS[2] ended  sorted set    KEYS[3] about  hash    KEYS[4] alive  string
-- KEYS[5] poke of that incarnation  list
-- ARGV[1] id    ARGV[2] ms after which calls that it may have had are lost, or "" if it has none
-- ARGV[3] "over": only if its lease has expired, else ""
-- returns {1, now}; {0, now} if its lease has not expired
-- O(1). Atomic. It runs when memory is full. A read for an incarnation names its poke key first. This script puts an
-- element there if calls may be lost. So a read that arrives after the end takes that element and no call.
local now = clock()
if ARGV[3] == 'over' then
  local till = redis.call('ZSCORE', KEYS[1], ARGV[1])
  if not till or tonumber(till) > now then return {0, text(now)} end
end
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1])
if ARGV[2] ~= '' then
  redis.call('ZADD', KEYS[2], text(now + ARGV[2]), text(now) .. ' ' .. ARGV[1])
  redis.call('PEXPIRE', KEYS[2], 86400000)
  redis.call('RPUSH', KEYS[5], 'over')
  redis.call('PEXPIRE', KEYS[5], 3600000)
end
if alive(KEYS[1], now) == 0 then redis.call('DEL', KEYS[4]) end
return {1, text(now)}
