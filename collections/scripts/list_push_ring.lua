-- list_push_ring: push to a list of bounded length.
-- reply: integer
-- KEYS[1] list
-- ARGV[1] RPUSH or LPUSH    ARGV[2] bound, at least 1    ARGV[3..] values, in turn
-- returns the length afterwards
-- O(values and what drops out). Atomic. Pushed a thousand at a time, since
-- unpack has a limit. LTRIM comes first, where it drops nothing: who may not use it is refused
-- before anything is pushed.
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
