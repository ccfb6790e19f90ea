-- leave: record that a process waits no more, and wake another that it may have kept waiting.
-- flags: allow-oom
-- reply: integer
-- KEYS[1] leases    KEYS[2] meta    KEYS[3] waiting    KEYS[4] wake    KEYS[5] wake of those that want more than 1
-- KEYS[6] since
-- ARGV[1] "publish" where wake-ups are published, else ""    ARGV[2] expiry of a token in ms    ARGV[3] process
-- returns 1 if others wait, else 0
-- O(processes that wait). Atomic. It also runs when memory is full.
local now = clock()
if not leave(keys, ARGV[3]) then return 0 end
ring(keys, now, ARGV[1], ARGV[2])
return 1
