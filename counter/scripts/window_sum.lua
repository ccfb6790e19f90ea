-- window_sum: what a window counts now. For other scripts.
-- key    hash: the time when a part of a window began -> events in it
-- size   of the window    part   of a part; both in microseconds
-- returns the sum of the parts that are not wholly past, the fields of those
--         that are, and the time
-- O(fields). By the server's clock. Fields or values that no counting wrote are
-- an error.
local function window_sum(key, size, part)
  local t = redis.call('TIME')
  local now = t[1] * 1000000 + t[2]
  local sum, past = 0, {}
  local all = redis.call('HGETALL', key)
  for i = 1, #all, 2 do
    if not string.match(all[i], '^%d+$') or not string.match(all[i + 1], '^%d+$') then
      error('value is not an integer')
    end
    if tonumber(all[i]) + part > now - size then
      sum = sum + tonumber(all[i + 1])
    else
      table.insert(past, all[i])
    end
  end
  return sum, past, now
end
