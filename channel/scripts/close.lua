-- close: mark a channel closed and wake its waiting receivers and senders.
-- reply: integer
-- KEYS[1] values  list    KEYS[2] wake  list of at most one token    KEYS[3] closed  string, a mark
-- KEYS[4] senders string, set while senders wait for room
-- KEYS[5] room    list of at most one value, for one of them    KEYS[6] its wake
-- ARGV[1] "publish" where wake-ups are published, else ""    ARGV[2] expiry of a token in ms
-- returns 1 when it was open, 0 when it was closed already
-- O(1). Atomic. The mark is written last. It does not expire, since it belongs to the channel.
redis.call('LLEN', KEYS[1])
wake(KEYS[2], ARGV[1], ARGV[2])
if redis.call('EXISTS', KEYS[4]) == 1 then
  if redis.call('LLEN', KEYS[5]) == 0 then redis.call('RPUSH', KEYS[5], '1') end
  redis.call('PEXPIRE', KEYS[5], ARGV[2])
  wake(KEYS[6], ARGV[1], ARGV[2])
end
if redis.call('EXISTS', KEYS[3]) == 1 then return 0 end
redis.call('SET', KEYS[3], '1')
return 1
