-- withdraw: remove calls from the list, unless a worker is alive.
-- flags: allow-oom
-- KEYS[1] calls  list    KEYS[2] workers  sorted set    ARGV calls
-- returns for each call 1 if it was removed, 0 if it was not in the list; -1 for all if a worker is alive:
--         a late run of this script removes no call that a worker can take
-- O(calls × length). Atomic. It runs when memory is full.
local answer = {}
local busy = alive(KEYS[2], clock()) > 0
for i = 1, #ARGV do answer[i] = busy and -1 or redis.call('LREM', KEYS[1], 1, ARGV[i]) end
return answer
