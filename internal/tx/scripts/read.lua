-- read: a read of a transaction that no plain command can do.
-- flags: no-writes
-- KEYS[1] the object's key
-- ARGV[1] "one" if the reply is a text, an integer or nil; else the order, see whole in reads
-- ARGV[2] the command    ARGV[3..] its arguments
-- returns {"", reply} for "one", else {digest, element...}, and {} if there are too many elements
-- O(elements). Atomic. Read-only.
local words = {unpack(ARGV, 2)}
if ARGV[1] == 'one' then return {'', redis.call(words[1], KEYS[1], unpack(words, 2))} end
local reply, digest = whole(ARGV[1], KEYS[1], words)
if not reply then return {} end
local out = {digest}
for i = 1, #reply do out[i + 1] = reply[i] end
return out
