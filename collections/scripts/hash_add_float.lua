-- hash_add_float: add to a floating-point field unless the sum is beyond the type's range.
-- reply: {integer, text} or {integer}
-- KEYS[1] hash
-- ARGV[1] field    ARGV[2] delta    ARGV[3] the type's largest number
-- returns {1, sum} when applied; {0} when it would be out of range, nothing changed
-- O(1). Atomic. HINCRBYFLOAT itself counts beyond 64 bits, and what it stores then no reader of the type takes.
-- A field that is no number is left to it, and it says so.
local function number(s) -- not every Lua reads 1e+38, or many digits, without a point
  return tonumber(s) or tonumber((s:gsub('^([+-]?%d+)', '%1.0')))
end
local old, delta = number(redis.call('HGET', KEYS[1], ARGV[1]) or '0'), number(ARGV[2])
if old and delta and math.abs(old + delta) > number(ARGV[3]) then
  return {0}
end
return {1, redis.call('HINCRBYFLOAT', KEYS[1], ARGV[1], ARGV[2])}
