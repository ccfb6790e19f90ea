-- send: append values to a channel while it is open and has room.
-- reply: integer
-- KEYS[1] values  list    KEYS[2] wake  list of at most one token    KEYS[3] closed  string, a mark
-- KEYS[4] senders string, set while senders wait for room
-- KEYS[5] room    list of at most one value, for one of them    KEYS[6] its wake
-- ARGV[1] how many values the channel may hold, 0 for no bound
-- ARGV[2] "publish" where wake-ups are published, else ""    ARGV[3] expiry of a token in ms
-- ARGV[4] how long the sender is going to wait for room in ms, 0 for not at all
-- ARGV[5..] values
-- returns how many were appended, which are the first ones; -1 when closed
-- O(values). Atomic. The values are written last: an error before that leaves nothing but a wake-up.
local function next_sender()
  if redis.call('EXISTS', KEYS[4]) == 0 then return end
  if redis.call('LLEN', KEYS[5]) == 0 then redis.call('RPUSH', KEYS[5], '1') end
  redis.call('PEXPIRE', KEYS[5], ARGV[3])
  wake(KEYS[6], ARGV[2], ARGV[3])
end
local length = redis.call('LLEN', KEYS[1])
if redis.call('EXISTS', KEYS[3]) == 1 then
  next_sender()
  return -1
end
local bound = tonumber(ARGV[1])
local n = #ARGV - 4
if bound > 0 then n = math.max(0, math.min(n, bound - length)) end
if n < #ARGV - 4 then
  if ARGV[4] ~= '0' then redis.call('SET', KEYS[4], '1', 'PX', ARGV[4]) end
elseif bound > length + n then
  next_sender()
end
if n > 0 then
  wake(KEYS[2], ARGV[2], ARGV[3])
  for i = 5, n + 4, 1000 do
    redis.call('RPUSH', KEYS[1], unpack(ARGV, i, math.min(i + 999, n + 4)))
  end
end
return n
