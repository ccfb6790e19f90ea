-- priority_take: pop what waiting receivers of a priority queue can use.
-- flags: allow-oom
-- KEYS[1] values  sorted set    KEYS[2] wake  list of at most one token
-- ARGV[1] how many values at most    ARGV[2] "publish" where wake-ups are published, else ""
-- ARGV[3] life of a token in ms
-- returns {state, entry...}: state 0 nothing is left, 1 more is there; an entry is the score, a space
--         and the member, as priority_give_back wants it
-- O(entries × log n). Atomic. The pop comes last: a refusal before it leaves the values where they are.
local answer = {0}
if redis.call('ZCARD', KEYS[1]) > tonumber(ARGV[1]) then
  answer[1] = 1
  ring(KEYS[2], ARGV[2], ARGV[3])
end
local popped = redis.call('ZPOPMIN', KEYS[1], ARGV[1])
for i = 1, #popped, 2 do
  answer[#answer + 1] = popped[i + 1] .. ' ' .. popped[i]
end
return answer
