-- A member of a priority queue is a number of 16 digits, a colon and the value. The number makes it
-- differ from others, and among those of one score it decides: Redis sorts them by their bytes.

-- number: the number of a member; nil where somebody else has written it, without one.
local function number(member)
  local digits = string.match(member, '^(' .. string.rep('%d', 16) .. '):')
  return digits and tonumber(digits)
end

-- put: add a value under the first number from n on that makes it a member of its own.
local function put(key, score, n, value)
  while redis.call('ZADD', key, 'NX', score, string.format('%016.0f:', n) .. value) == 0 do n = n + 1 end
end

