-- pop: pop up to n values, but no more once they have 256 KiB together: a reply has to come in
-- reasonable time. command: LPOP, RPOP or ZPOPMIN
-- returns what the command returns with a count, and how many values that are
-- What was popped so far tells how many more are popped at once, at most 16: so many may be beyond the bound.
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
