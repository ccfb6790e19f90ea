-- mailbox_take_last: pop what waiting receivers can use, the newest first.
-- flags: allow-oom
-- KEYS[1] letters  list    KEYS[2] wake  list of at most one token
-- ARGV[1] how many letters at most    ARGV[2] "publish" where wake-ups are published, else ""
-- ARGV[3] life of a token in ms
-- returns {state, letter...}: state 0 open, 1 more is there
-- O(letters). Atomic. The pop comes last: a refusal before it leaves the letters where they are.
local answer = {0}
local length = redis.call('LLEN', KEYS[1])
if length == 0 then return answer end
if length > tonumber(ARGV[1]) then
  answer[1] = 1
  ring(KEYS[2], ARGV[2], ARGV[3])
end
local letters = redis.call('RPOP', KEYS[1], ARGV[1])
for i = 1, #letters do answer[i + 1] = letters[i] end
return answer
