-- add_from: add to a counter that starts at a given number.
-- reply: text
-- KEYS[1] counter   string, decimal integer; missing counts as ARGV[1]
-- ARGV[1] start, ARGV[2] delta   decimal integers of 64 bits
-- returns the new value as text, because Lua's numbers are exact only to 2^53
-- O(1). Atomic. After an overflow a missing counter is still missing. The script first
-- calls GET, and DEL on the missing key: a user without permission for them is refused
-- before anything is written.
if redis.call('GET', KEYS[1]) then
  redis.call('INCRBY', KEYS[1], ARGV[2])
else
  redis.call('DEL', KEYS[1])
  redis.call('SET', KEYS[1], ARGV[1])
  local sum = redis.pcall('INCRBY', KEYS[1], ARGV[2])
  if type(sum) == 'table' and sum.err then
    redis.call('DEL', KEYS[1])
    return sum
  end
end
return redis.call('GET', KEYS[1])
