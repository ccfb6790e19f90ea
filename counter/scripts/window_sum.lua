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
    local began, events = tonumber(all[i]), tonumber(all[i + 1])
    if not began or not events or events < 0 or events % 1 ~= 0 then
      error('value is not an integer')
    end
    if began + part > now - size then
      sum = sum + events
    else
      table.insert(past, all[i])
    end
  end
  return sum, past, now
end
