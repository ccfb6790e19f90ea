-- mailbox_take_last: pop letters for waiting receivers, the newest first.
-- flags: allow-oom
-- reply: {integer, text...}
-- KEYS[1] letters  list    KEYS[2] wake  list of at most one token
-- ARGV[1] how many letters at most; pop may return fewer    ARGV[2] "publish" where wake-ups are published, else ""
-- ARGV[3] expiry of a token in ms
-- returns {state, letter...}: state 0 no letter is left, 1 more letters are there
-- O(letters). Atomic. The pop comes last: an error before it leaves the letters in the list.
local reply = {0}
local length = redis.call('LLEN', KEYS[1])
if length == 0 then return reply end
if length > tonumber(ARGV[1]) then
  reply[1] = 1
  wake(KEYS[2], ARGV[2], ARGV[3])
end
local n = math.min(length, tonumber(ARGV[1]))
local letters, popped = pop('RPOP', KEYS[1], n)
if popped < n then
  reply[1] = 1
  pcall(wake, KEYS[2], ARGV[2], ARGV[3]) -- an error must not lose the popped letters
end
for i = 1, #letters do reply[i + 1] = letters[i] end
return reply
