-- priority_take: pop entries for waiting receivers of a priority queue.
-- flags: allow-oom
-- reply: {integer, text...}
-- KEYS[1] values  sorted set    KEYS[2] wake  list of at most one token
-- ARGV[1] how many values at most; pop may return fewer    ARGV[2] "publish" where wake-ups are published, else ""
-- ARGV[3] expiry of a token in ms
-- returns {state, entry...}: state 0 nothing is left, 1 more values are there; an entry is the score, a space
--         and the member, the format that priority_requeue takes
-- O(entries × log n). Atomic. The pop comes last: an error before it leaves the values in the queue.
local reply = {0}
local length = redis.call('ZCARD', KEYS[1])
if length == 0 then return reply end
if length > tonumber(ARGV[1]) then
  reply[1] = 1
  wake(KEYS[2], ARGV[2], ARGV[3])
end
local n = math.min(length, tonumber(ARGV[1]))
local entries, popped = pop('ZPOPMIN', KEYS[1], n)
if popped < n then
  reply[1] = 1
  pcall(wake, KEYS[2], ARGV[2], ARGV[3]) -- an error must not lose the popped entries
end
for i = 1, #entries, 2 do
  reply[#reply + 1] = entries[i + 1] .. ' ' .. entries[i]
end
return reply
