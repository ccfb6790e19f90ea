-- mailbox_send: append a letter with the server's time in front, and tell those who wait.
-- reply: integer
-- KEYS[1] letters  list    KEYS[2] wake  list of at most one token
-- KEYS[3] news     channel of publish and subscribe, for selective receivers; no key
-- ARGV[1] "publish" where wake-ups are published, else ""    ARGV[2] life of a token in ms
-- ARGV[3] life of the list in ms, 0 if it has no end    ARGV[4] letter
-- returns the length afterwards
-- O(1). Atomic. The letter comes last: a refusal before it leaves nothing but a wake-up. Nobody is refused
-- for want of the right to publish news: who waits for them looks once a second anyway.
redis.call('LLEN', KEYS[1])
if ARGV[3] ~= '0' then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
ring(KEYS[2], ARGV[1], ARGV[2])
redis.pcall(ARGV[1] == '' and 'PUBLISH' or 'SPUBLISH', KEYS[3], '1')
local now = redis.call('TIME')
local length = redis.call('RPUSH', KEYS[1], now[1] .. string.format('%06d', now[2]) .. ' ' .. ARGV[4])
if ARGV[3] ~= '0' then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
return length
