-- mailbox_take_answer: pop the answer to a question, and leave nothing.
-- flags: allow-oom
-- reply: {integer, text...}
-- KEYS[1] answers  list, expires    KEYS[2] wake  list of at most one token
-- ARGV[1] how many answers at most
-- returns {0, answer...}
-- O(answers). Atomic. The pop comes last: a refusal before it leaves the answers where they are.
if redis.call('LLEN', KEYS[1]) == 0 then return {0} end
redis.call('UNLINK', KEYS[2])
local answers = redis.call('LPOP', KEYS[1], ARGV[1])
table.insert(answers, 1, 0)
return answers
