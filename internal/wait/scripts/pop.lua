-- pop: pop up to n values, and stop at 256 KiB, so that the reply arrives in reasonable time.
-- command: LPOP, RPOP or ZPOPMIN
-- returns what the command returns with a count, and the number of values
-- The size of the values so far determines how many are popped in the next step, at most 16. So up to 16 values may
-- exceed the bound.
local function pop(command, key, n)
  local values, popped, bytes, largest, step = {}, 0, 0, 1, 1
  while step > 0 do
    local some = redis.call(command, key, step)
    if not some or #some == 0 then break end
    local size = 0
    for i = 1, #some do
      values[#values + 1] = some[i]
      size = size + #some[i]
    end
    popped, bytes, largest = popped + step, bytes + size, math.max(largest, size / step)
    step = math.min(n - popped, 16, math.floor((262144 - bytes) / largest))
  end
  return values, popped
end
