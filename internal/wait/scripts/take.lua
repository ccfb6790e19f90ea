-- take: pop values for waiting receivers.
-- flags: allow-oom
-- reply: {integer, text...}
-- KEYS[1] values  list    KEYS[2] wake  list of at most one token    KEYS[3] closed  string, a mark
-- KEYS[4] senders string, set while senders wait for room
-- KEYS[5] room    list of at most one value, for one of them    KEYS[6] its wake
-- ARGV[1] how many values at most; pop may return fewer    ARGV[2] "publish" where wake-ups are published, else ""
-- ARGV[3] expiry of a token in ms
-- returns {state, value...}: state 0 open, 1 more values are there, 2 closed and empty
-- O(values). Atomic. The pop comes last: an error before it leaves the values in the list.
local reply = {0}
local length = redis.call('LLEN', KEYS[1])
if length > tonumber(ARGV[1]) then
  reply[1] = 1
  wake(KEYS[2], ARGV[2], ARGV[3])
elseif length == 0 and redis.call('EXISTS', KEYS[3]) == 1 then
  reply[1] = 2
  wake(KEYS[2], ARGV[2], ARGV[3]) -- the next waiting process has to see it too
end
if length == 0 then return reply end
if redis.call('EXISTS', KEYS[4]) == 1 then
  if redis.call('LLEN', KEYS[5]) == 0 then redis.call('RPUSH', KEYS[5], '1') end
  redis.call('PEXPIRE', KEYS[5], ARGV[3])
  wake(KEYS[6], ARGV[2], ARGV[3])
end
local n = math.min(length, tonumber(ARGV[1]))
local values, popped = pop('LPOP', KEYS[1], n)
if popped < n then
  reply[1] = 1
  pcall(wake, KEYS[2], ARGV[2], ARGV[3]) -- an error must not lose the popped values
end
for i = 1, #values do reply[i + 1] = values[i] end
return reply
