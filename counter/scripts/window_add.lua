-- window_add: count events in a window unless the count would exceed a limit.
-- reply: {integer, integer}
-- KEYS[1] window, see window_sum; expires when its last part is out of the window
-- ARGV[1] size    ARGV[2] part    ARGV[3] events    ARGV[4] limit, up to 2^53
-- returns {1, count} with the new events if counted; {0, count} if the count would exceed
--         the limit and nothing was counted
-- O(fields), at most 61. Atomic. Uses the server's clock. The script adds the events last,
-- except for the expiry of a new window, so a user without permission for a command is
-- refused before anything is counted.
local key, size, part = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
local sum, past, now = window_sum(key, size, part)
local events = tonumber(ARGV[3])
if events > tonumber(ARGV[4]) - sum then return {0, sum} end
for _, field in ipairs(past) do redis.call('HDEL', key, field) end
local life = string.format('%.0f', math.ceil((size + part) / 1000))
local there = redis.call('PEXPIRE', key, life)
redis.call('HINCRBY', key, string.format('%.0f', now - now % part), ARGV[3])
if there == 0 then redis.call('PEXPIRE', key, life) end
return {1, sum + events}
