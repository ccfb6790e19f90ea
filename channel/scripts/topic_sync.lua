-- topic_sync: publish the number of a topic's last message to one subscriber's own channel, behind that message.
-- KEYS[1] seq  hash: n, the number of the last message; e, when the counter was made, in µs of the server's clock
-- ARGV[1] publish or spublish    ARGV[2] the subscriber's channel    ARGV[3] life of the counter in ms
-- ARGV[4] name of the topic
-- publishes "number <e> <n> <name>", and makes the counter if there is none
-- returns what the command returns: the number of receivers
-- O(1). Atomic. HINCRBY checks the type before anything is written. Exact up to 2^53.
local n = redis.call('HINCRBY', KEYS[1], 'n', 0)
local e = redis.call('HGET', KEYS[1], 'e')
if not e then
  local now = redis.call('TIME')
  e = now[1] .. string.format('%06d', now[2])
  redis.call('HSET', KEYS[1], 'e', e)
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
return redis.call(ARGV[1], ARGV[2], 'number ' .. e .. ' ' .. string.format('%.0f', n) .. ' ' .. ARGV[4])
