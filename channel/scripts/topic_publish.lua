-- topic_publish: number a message and publish it.
-- KEYS[1] seq  hash, as number wants it
-- ARGV[1] publish or spublish    ARGV[2] channel    ARGV[3] life of the counter in ms    ARGV[4] value
-- publishes "\193n<e>:<n>:<value>"
-- returns what the command returns: the number of receivers
-- O(subscribers). Atomic. Exact up to 2^53.
local n, e = number(KEYS[1], 1)
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return redis.call(ARGV[1], ARGV[2], '\193n' .. e .. ':' .. n .. ':' .. ARGV[4])
