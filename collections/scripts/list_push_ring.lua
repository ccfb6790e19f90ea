-- list_push_ring: push to a list of bounded length.
-- KEYS[1] list
-- ARGV[1] RPUSH or LPUSH    ARGV[2] bound, at least 1    ARGV[3..] values, in turn
-- returns the length afterwards
-- O(values and what drops out). Atomic. Pushed a thousand at a time, since
-- unpack has a limit.
for i = 3, #ARGV, 1000 do
  redis.call(ARGV[1], KEYS[1], unpack(ARGV, i, math.min(i + 999, #ARGV)))
end
if ARGV[1] == 'RPUSH' then
  redis.call('LTRIM', KEYS[1], -tonumber(ARGV[2]), -1)
else
  redis.call('LTRIM', KEYS[1], 0, tonumber(ARGV[2]) - 1)
end
return redis.call('LLEN', KEYS[1])
