-- withdraw: take calls back that no worker has taken.
-- flags: allow-oom
-- KEYS[1] calls  list    ARGV calls
-- returns for each call 1 if it was there
-- O(calls × length). Atomic. It runs when memory is full.
local answer = {}
for i = 1, #ARGV do answer[i] = redis.call('LREM', KEYS[1], 1, ARGV[i]) end
return answer
