-- window_count: count the events in a window.
-- flags: no-writes
-- reply: integer
-- KEYS[1] window, see window_sum
-- ARGV[1] size    ARGV[2] part
-- returns the count
-- O(fields), at most 61. Read-only.
return (window_sum(KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])))
