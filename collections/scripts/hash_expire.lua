-- hash_expire: set the expiry of the fields that exist.
-- reply: {integer...}
-- KEYS[1] hash
-- ARGV[1] time to live in milliseconds    ARGV[2...] fields
-- returns a number for each field: 1 if it exists, else 0
-- O(fields). Atomic. The script calls HPTTL first, because Redis keeps a field for a moment
-- after it has expired, and HPEXPIRE alone would revive it. On a server without HPTTL the
-- script fails before anything is written.
local there = {}
for i = 2, #ARGV do
  there[i - 1] = 0
  if redis.call('HPTTL', KEYS[1], 'FIELDS', 1, ARGV[i])[1] ~= -2 then
    redis.call('HPEXPIRE', KEYS[1], ARGV[1], 'FIELDS', 1, ARGV[i])
    there[i - 1] = 1
  end
end
return there
