-- hash_expire: let fields that are there expire.
-- reply: {integer...}
-- KEYS[1] hash
-- ARGV[1] time to live in milliseconds    ARGV[2...] fields
-- returns a number for each field: 1 when it was there, else 0
-- O(fields). Atomic. HPTTL comes first: Redis keeps a field for a moment after its
-- end, and HPEXPIRE by itself would revive it there. A server without HPTTL ends the
-- script before anything is written.
local there = {}
for i = 2, #ARGV do
  there[i - 1] = 0
  if redis.call('HPTTL', KEYS[1], 'FIELDS', 1, ARGV[i])[1] ~= -2 then
    redis.call('HPEXPIRE', KEYS[1], ARGV[1], 'FIELDS', 1, ARGV[i])
    there[i - 1] = 1
  end
end
return there
