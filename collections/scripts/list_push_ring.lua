-- list_push_ring: push to a list with a maximum length.
-- reply: integer
-- KEYS[1] list
-- ARGV[1] RPUSH or LPUSH    ARGV[2] maximum, at least 1    ARGV[3..] values, in order
-- returns the new length
-- O(values + trimmed elements). Atomic. Pushes 1000 values at a time, because unpack has a
-- limit. The script first calls LTRIM with a range that trims nothing: a user without
-- permission for LTRIM is refused before anything is pushed.
redis.call('LTRIM', KEYS[1], 0, -1)
local length
for i = 3, #ARGV, 1000 do
  length = redis.call(ARGV[1], KEYS[1], unpack(ARGV, i, math.min(i + 999, #ARGV)))
end
local bound = tonumber(ARGV[2])
if length <= bound then return length end
if ARGV[1] == 'RPUSH' then
  redis.call('LTRIM', KEYS[1], -bound, -1)
else
  redis.call('LTRIM', KEYS[1], 0, bound - 1)
end
return bound
