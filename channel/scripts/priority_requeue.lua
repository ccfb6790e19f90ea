-- priority_requeue: requeue entries of a priority queue at their old positions.
-- flags: allow-oom
-- reply: integer
-- KEYS[1] values  sorted set    KEYS[2] wake  list of at most one token
-- ARGV[1] "publish" where wake-ups are published, else ""    ARGV[2] expiry of a token in ms
-- ARGV[3] not used    ARGV[4..] entries of priority_take
-- returns the length afterwards
-- O(entries × log n). Atomic. It also runs when memory is full, since the entries were stored before.
-- If another client has added the same member since, the entry gets a new number, at the head of its score.
redis.call('ZCARD', KEYS[1])
wake(KEYS[2], ARGV[1], ARGV[2])
for i = 4, #ARGV do
  local cut = string.find(ARGV[i], ' ', 1, true)
  local score, member = string.sub(ARGV[i], 1, cut - 1), string.sub(ARGV[i], cut + 1)
  if redis.call('ZADD', KEYS[1], 'NX', score, member) == 0 then
    put(KEYS[1], score, 0, number(member) and string.sub(member, 18) or member)
  end
end
return redis.call('ZCARD', KEYS[1])
