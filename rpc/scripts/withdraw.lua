-- withdraw: take calls back that no worker has taken, unless one is alive.
-- flags: allow-oom
-- KEYS[1] calls  list    KEYS[2] workers  sorted set    ARGV calls
-- returns for each call 1 if it was there, and is out now, 0 if it was not; -1 for all if a worker is alive: a late
-- run of this script takes no call away from it
-- O(calls × length). Atomic. It runs when memory is full.
local answer = {}
local busy = alive(KEYS[2], clock()) > 0
for i = 1, #ARGV do answer[i] = busy and -1 or redis.call('LREM', KEYS[1], 1, ARGV[i]) end
return answer
