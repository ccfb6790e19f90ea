-- leave: record that a process waits no more, and wake another that it may have kept waiting.
-- flags: allow-oom
-- reply: integer
-- KEYS[1] leases    KEYS[2] meta    KEYS[3] waiting    KEYS[4] wake
-- KEYS[5] wake of those that want more than 1 and KEYS[6] since, or neither
-- ARGV[1] "publish" where wake-ups are published, else ""    ARGV[2] process
-- ARGV[3] the time of its last attempt, ms of the server's clock: a later one is of another caller, who waits
-- returns 1 if others wait, else 0
-- O(processes that wait). Atomic. It also runs when memory is full.
local now = clock()
local waiting = processes()
waiting.forgetUntil(ARGV[2], tonumber(ARGV[3]))
return waiting.ring(now) and 1 or 0
