-- A member of a priority queue is a number of 16 digits, a colon and the value. The number makes
-- members unique. It also orders members of one score, since Redis sorts those by their bytes.

-- number: return the number of a member; nil if another client added it without one.
local function number(member)
  local digits = string.match(member, '^(' .. string.rep('%d', 16) .. '):')
  return digits and tonumber(digits)
end

-- put: add a value with the first number, from n upwards, that makes its member unique.
local function put(key, score, n, value)
  while redis.call('ZADD', key, 'NX', score, string.format('%016.0f:', n) .. value) == 0 do n = n + 1 end
end

