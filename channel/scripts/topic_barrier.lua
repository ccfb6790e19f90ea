-- topic_barrier: publish the number of a topic's last message to one subscriber's private channel, after that message.
-- reply: integer
-- KEYS[1] seq  hash, see number
-- ARGV[1] publish or spublish    ARGV[2] the subscriber's channel    ARGV[3] expiry of the counter in ms
-- ARGV[4] name of the topic
-- publishes "number <e> <n> <run> <name>", and creates the counter if there is none; run is the ID of the server's
-- process, or "-" if INFO is not allowed
-- returns what the command returns: the number of receivers
-- O(1). Atomic. Exact up to 2^53.
local n, e, new = number(KEYS[1], 0)
if new then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
local info = redis.pcall('INFO', 'server')
local run = type(info) == 'string' and string.match(info, 'run_id:(%w+)') or '-'
return redis.call(ARGV[1], ARGV[2], 'number ' .. e .. ' ' .. n .. ' ' .. run .. ' ' .. ARGV[4])
