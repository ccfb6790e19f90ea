-- hash_add_float: add to a floating-point field unless the sum is out of the type's range.
-- reply: {integer, text} or {integer}
-- KEYS[1] hash
-- ARGV[1] field    ARGV[2] delta    ARGV[3] the type's largest number
-- returns {1, sum} if added; {0} if the sum would be out of range and nothing changed
-- O(1). Atomic. HINCRBYFLOAT alone would also store sums beyond 64 bits, which do not decode.
-- For a field that is not a number, HINCRBYFLOAT returns the error.
local function number(s) -- some Luas parse 1e+38, or many digits, only with a decimal point
  return tonumber(s) or tonumber((s:gsub('^([+-]?%d+)', '%1.0')))
end
local old, delta = number(redis.call('HGET', KEYS[1], ARGV[1]) or '0'), number(ARGV[2])
if old and delta and math.abs(old + delta) > number(ARGV[3]) then
  return {0}
end
return {1, redis.call('HINCRBYFLOAT', KEYS[1], ARGV[1], ARGV[2])}
