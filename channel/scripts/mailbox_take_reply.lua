-- mailbox_take_reply: pop the reply to a question and delete the wake token.
-- flags: allow-oom
-- reply: {integer, text...}
-- KEYS[1] replies  list, expires    KEYS[2] wake  list of at most one token
-- ARGV[1] how many replies at most
-- returns {0, letter...}
-- O(replies). Atomic. The pop comes last: an error before it leaves the replies in the list.
if redis.call('LLEN', KEYS[1]) == 0 then return {0} end
redis.call('UNLINK', KEYS[2])
local replies = redis.call('LPOP', KEYS[1], ARGV[1])
table.insert(replies, 1, 0)
return replies
