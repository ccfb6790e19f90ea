-- number: increment the counter of a topic's messages.
-- seq: hash: n, the number of the last message; e, when the counter was created, in µs of the server's clock
-- step: what to add to n    returns n as a string, e, and whether the counter is new
-- HGET checks the type before anything is written, and HINCRBY comes last: an error counts nothing. Exact up to 2^53.
local function number(seq, step)
  local e = redis.call('HGET', seq, 'e')
  local new = not e
  if new then
    local now = redis.call('TIME')
    e = now[1] .. string.format('%06d', now[2])
    redis.call('HSET', seq, 'e', e)
  end
  return string.format('%.0f', redis.call('HINCRBY', seq, 'n', step)), e, new
end
