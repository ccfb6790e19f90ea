-- mailbox_send: append a letter, prefixed with the server's time, and wake the receivers.
-- reply: integer
-- KEYS[1] letters  list    KEYS[2] wake  list of at most one token
-- KEYS[3] news     channel of publish and subscribe, for selective receivers; no key
-- ARGV[1] "publish" where wake-ups are published, else ""    ARGV[2] expiry of a token in ms
-- ARGV[3] expiry of the list in ms, 0 for no expiry    ARGV[4] letter
-- returns the length afterwards
-- O(1). Atomic. The letter is written last: an error before that leaves nothing but a wake-up. A user who
-- may not publish news can still send: selective receivers scan once a second anyway.
redis.call('LLEN', KEYS[1])
if ARGV[3] ~= '0' then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
wake(KEYS[2], ARGV[1], ARGV[2])
redis.pcall(ARGV[1] == '' and 'PUBLISH' or 'SPUBLISH', KEYS[3], '1')
local now = redis.call('TIME')
local length = redis.call('RPUSH', KEYS[1], now[1] .. string.format('%06d', now[2]) .. ' ' .. ARGV[4])
if ARGV[3] ~= '0' then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
return length
