-- add_within: add to a number unless the sum would be out of its bounds.
-- reply: {integer, text}
-- KEYS[1] number   string, decimal integer; missing counts as ARGV[1]
-- ARGV[1] start    ARGV[2] delta
-- ARGV[3] low, ARGV[4] high   the range of the number before the addition, both
--         included; empty if low is above high. All are decimal integers of 64 bits
-- returns {1, new} if added; {0, old} if the number is out of the range and nothing was
--         written; numbers as text
-- O(1). Atomic. Exact over 64 bits: the script compares digits, because Lua's numbers are
-- exact only to 2^53. INCRBY does the addition and cannot overflow within the bounds.

-- below compares two decimals without leading zeros. It compares digits of the same
-- length in two halves, because a Lua number holds each half exactly.
local function below(a, b)
  local negative = string.sub(a, 1, 1) == '-'
  if negative ~= (string.sub(b, 1, 1) == '-') then return negative end
  if negative then return below(string.sub(b, 2), string.sub(a, 2)) end
  if #a ~= #b then return #a < #b end
  local x, y = tonumber(string.sub(a, 1, 10)), tonumber(string.sub(b, 1, 10))
  if x ~= y then return x < y end
  return (tonumber(string.sub(a, 11)) or 0) < (tonumber(string.sub(b, 11)) or 0)
end

local found = redis.call('GET', KEYS[1])
local old = found or ARGV[1]
if old ~= '0' and not string.match(old, '^-?[1-9]%d*$')
    or below(old, '-9223372036854775808') or below('9223372036854775807', old) then
  return redis.error_reply('ERR value is not an integer or out of range')
end
if below(old, ARGV[3]) or below(ARGV[4], old) then return {0, old} end
if not found then redis.call('INCRBY', KEYS[1], ARGV[1]) end
redis.call('INCRBY', KEYS[1], ARGV[2])
return {1, redis.call('GET', KEYS[1])}
