-- topic_publish: number a message and publish it.
-- reply: integer
-- KEYS[1] seq  hash, see number
-- ARGV[1] publish or spublish    ARGV[2] channel    ARGV[3] expiry of the counter in ms    ARGV[4] value
-- publishes "\193n<e>:<n>:<value>"
-- returns what the command returns: the number of receivers
-- O(subscribers). Atomic. Exact up to 2^53. A message that is not published is not counted, or subscribers would
-- report a gap.
redis.call('PEXPIRE', KEYS[1], ARGV[3])
local n, e, new = number(KEYS[1], 1)
if new then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
local receivers = redis.pcall(ARGV[1], ARGV[2], '\193n' .. e .. ':' .. n .. ':' .. ARGV[4])
if type(receivers) == 'table' and receivers.err then number(KEYS[1], -1) end
return receivers
