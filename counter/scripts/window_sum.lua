-- window_sum: a function for other scripts that counts the events in a window.
-- key    hash: start time of a part of the window -> events in the part
-- size   of the window    part   size of a part; both in microseconds
-- returns the sum of the parts that overlap the window, the fields of the parts that do
--         not, and the current time
-- O(fields). Uses the server's clock. A field or value of another form is an error.
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
