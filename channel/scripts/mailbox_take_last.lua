-- mailbox_take_last: pop what waiting receivers can use, the newest first.
-- flags: allow-oom
-- reply: {integer, text...}
-- KEYS[1] letters  list    KEYS[2] wake  list of at most one token
-- ARGV[1] how many letters at most, as far as pop lets them    ARGV[2] "publish" where wake-ups are published, else ""
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
local n = math.min(length, tonumber(ARGV[1]))
local letters, popped = pop('RPOP', KEYS[1], n)
if popped < n then
  answer[1] = 1
  pcall(ring, KEYS[2], ARGV[2], ARGV[3]) -- a refusal must not cost what was popped
end
for i = 1, #letters do answer[i + 1] = letters[i] end
return answer
