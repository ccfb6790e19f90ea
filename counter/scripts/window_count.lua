-- window_count: how many events a window counts.
-- flags: no-writes
-- reply: integer
-- KEYS[1] window, see window_sum
-- ARGV[1] size    ARGV[2] part
-- returns the number
-- O(fields), 61 at most. Reads only.
return (window_sum(KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])))
