-- priority_push: add a value to a priority queue, after the values with the same priority.
-- reply: integer
-- KEYS[1] values  sorted set: the score is the priority, the member a number and the value
-- KEYS[2] wake    list of at most one token
-- ARGV[1] "publish" where wake-ups are published, else ""    ARGV[2] expiry of a token in ms
-- ARGV[3] priority, an integer within 2^53 of 0    ARGV[4] value
-- returns 1
-- O(log n). Atomic. The number is the server's clock in µs, or the last number of the same priority plus
-- one if the clock is not ahead of that. It is exact up to 2^53, the year 2255. A member with a number
-- above 9e15, which another client added, is not counted as the last. The value is written last: an error
-- before that leaves nothing but a wake-up.
local last = redis.call('ZREVRANGEBYSCORE', KEYS[1], ARGV[3], ARGV[3], 'LIMIT', 0, 1)[1]
local now = redis.call('TIME')
local n = now[1] * 1000000 + now[2]
local before = last and number(last)
if before and before < 9e15 then n = math.max(n, before + 1) end
wake(KEYS[2], ARGV[1], ARGV[2])
put(KEYS[1], ARGV[3], n, ARGV[4])
return 1
