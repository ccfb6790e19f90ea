-- zset_remove_range: delete members of a range of a sorted set.
-- flags: allow-oom
-- reply: integer
-- KEYS[1] sorted set
-- ARGV[1..4] kind, lo, hi, direction   a range; see zset_span
-- ARGV[5] the most members to delete; the first ones in the range's direction
-- returns the number of deleted members
-- O(log n + deleted). Atomic. It only frees memory, so it may run when the server is out of
-- memory.
local from, to, n = span(KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4])
to = math.min(to, from + tonumber(ARGV[5]))
if from >= to then return 0 end
local first = from
if ARGV[4] == 'REV' then first = n - to end
return redis.call('ZREMRANGEBYRANK', KEYS[1], first, first + (to - from) - 1)
