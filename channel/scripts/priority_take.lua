-- priority_take: pop what waiting receivers of a priority queue can use.
-- flags: allow-oom
-- reply: {integer, text...}
-- KEYS[1] values  sorted set    KEYS[2] wake  list of at most one token
-- ARGV[1] how many values at most, as far as pop lets them    ARGV[2] "publish" where wake-ups are published, else ""
-- ARGV[3] life of a token in ms
-- returns {state, entry...}: state 0 nothing is left, 1 more is there; an entry is the score, a space
--         and the member, as priority_give_back wants it
-- O(entries × log n). Atomic. The pop comes last: a refusal before it leaves the values where they are.
local answer = {0}
local length = redis.call('ZCARD', KEYS[1])
if length == 0 then return answer end
if length > tonumber(ARGV[1]) then
  answer[1] = 1
  ring(KEYS[2], ARGV[2], ARGV[3])
end
local n = math.min(length, tonumber(ARGV[1]))
local entries, popped = pop('ZPOPMIN', KEYS[1], n)
if popped < n then
  answer[1] = 1
  pcall(ring, KEYS[2], ARGV[2], ARGV[3]) -- a refusal must not cost what was popped
end
for i = 1, #entries, 2 do
  answer[#answer + 1] = entries[i + 1] .. ' ' .. entries[i]
end
return answer
