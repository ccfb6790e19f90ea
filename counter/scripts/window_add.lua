-- window_add: count events in a window unless that would be too many.
-- reply: {integer, integer}
-- KEYS[1] window, see window_sum; expires when all of it is past
-- ARGV[1] size    ARGV[2] part    ARGV[3] events    ARGV[4] most, up to 2^53
-- returns {1, count} when counted, the new ones included; {0, count} when they
--         would be more than most, nothing counted
-- O(fields), 61 at most. Atomic. By the server's clock. The events come last, but for the expiry of a new window:
-- who may not use the commands is refused before.
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
