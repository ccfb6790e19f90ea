-- commit: the end of a transaction: require its leases, compare its reads, check its writes, apply its writes.
-- reply: {integer, integer, text}
-- KEYS, ARGV and the reply: see compare; the kinds of writes: see writes
-- O(what it read and writes). Atomic: only the last phase writes, and only what the third has found possible.
local stop = required() or compared()
if stop then return stop end

-- functions
return write()
