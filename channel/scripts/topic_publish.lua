-- topic_publish: number a message and publish it.
-- KEYS[1] seq  hash: n, the number of the last message; e, when the counter was made, in µs of the server's clock
-- ARGV[1] publish or spublish    ARGV[2] channel    ARGV[3] life of the counter in ms    ARGV[4] value
-- publishes "\193n<e>:<n>:<value>"
-- returns what the command returns: the number of receivers
-- O(subscribers). Atomic. HINCRBY checks the type before anything is written. Exact up to 2^53.
local n = redis.call('HINCRBY', KEYS[1], 'n', 1)
local e = redis.call('HGET', KEYS[1], 'e')
if not e then
  local now = redis.call('TIME')
  e = now[1] .. string.format('%06d', now[2])
  redis.call('HSET', KEYS[1], 'e', e)
end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return redis.call(ARGV[1], ARGV[2], '\193n' .. e .. ':' .. string.format('%.0f', n) .. ':' .. ARGV[4])
