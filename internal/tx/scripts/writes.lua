-- Functions for the phases check and apply of a transaction.
-- The kinds of writes, with their arguments:
--   change  type of the key, command, arguments    does not create the key
--   create  the same                               creates the key if there is none
--   set     arguments of SET                       replaces any type
--   unlink                                         deletes any type
--   add     delta, start                           a missing number counts as start; integers of 64 bits
--   ring    command, most elements, values         a push to a list that is trimmed at its other end
--   send    see room; then a value                 a send to a channel
-- The check computes what the writes before a write will have changed: type, number and length of each key. A key that
-- loses its last element keeps its type for the check, so a write of another type to it is refused.
local kinds, numbers, lengths = {}, {}, {}

-- kind returns the type of the key with an index.
local function kind(k)
  if not kinds[k] then
    local t = redis.call('TYPE', KEYS[k])
    kinds[k] = type(t) == 'table' and t.ok or t
  end
  return kinds[k]
end

local function length(k)
  if not lengths[k] then lengths[k] = redis.call('LLEN', KEYS[k]) end
  return lengths[k]
end

local function wrong(k, want)
  local t = kind(k)
  if t ~= want and t ~= 'none' then return 'WRONGTYPE Operation against a key holding the wrong kind of value' end
end

-- denied returns an error if the user may not execute a command. Servers without users have no such function.
local function denied(...)
  if redis.acl_check_cmd and not redis.acl_check_cmd(...) then
    return "NOPERM this user has no permissions to run the '" .. string.lower((...)) .. "' command on this key"
  end
end

-- fit returns high * 1e9 + low with low from 0 to 1e9, or nil if that has more than 64 bits. Lua numbers hold both
-- parts exactly.
local function fit(high, low)
  local carry = math.floor(low / 1e9)
  high, low = high + carry, low - carry * 1e9
  if high > 9223372036 or high == 9223372036 and low > 854775807 then return nil end
  if high < -9223372037 or high == -9223372037 and low < 145224192 then return nil end
  return {high, low}
end

-- parse returns the number of a decimal text, or nil if INCRBY would refuse the text.
local function parse(text)
  if #text > 20 or text ~= '0' and not string.match(text, '^-?[1-9]%d*$') then return nil end
  local sign, digits = 1, text
  if string.sub(text, 1, 1) == '-' then sign, digits = -1, string.sub(text, 2) end
  local high = 0
  if #digits > 9 then high = tonumber(string.sub(digits, 1, -10), 10) end
  return fit(sign * high, sign * tonumber(string.sub(digits, -9), 10))
end

-- sum checks an addition.
local function sum(k, delta, start)
  local problem = wrong(k, 'string') or denied('INCRBY', KEYS[k], delta) or
    start ~= '0' and denied('SET', KEYS[k], start, 'NX')
  if problem then return problem end
  local old = numbers[k]
  if kind(k) == 'none' then
    old = parse(start)
  elseif old == nil then
    old = parse(redis.call('GET', KEYS[k]))
  end
  if not old then return 'ERR value is not an integer or out of range' end
  local by = parse(delta)
  local new = fit(old[1] + by[1], old[2] + by[2])
  if not new then return 'ERR increment or decrement would overflow' end
  kinds[k], numbers[k] = 'string', new
end

-- wakes checks a wake-up, see wake.
local function wakes(k, mode, ttl)
  if mode ~= '' then return denied('SPUBLISH', KEYS[k], '1') end
  local problem = wrong(k, 'list') or denied('RPUSH', KEYS[k], '1') or denied('PEXPIRE', KEYS[k], ttl)
  return problem or redis.call('LLEN', KEYS[k]) < 0
end

-- room returns the arguments of a send: the indexes of the keys of its channel (see channel/scripts/send.lua), how many
-- values the channel may hold or 0, "publish" where wake-ups are published, and the expiry of a token in ms.
local function room(list)
  local c = {wake = list[1], closed = list[2], senders = list[3], room = list[4], room_wake = list[5]}
  for name, k in pairs(c) do c[name] = tonumber(k) end
  c.bound, c.mode, c.ttl, c.value = tonumber(list[6]), list[7], list[8], list[9]
  return c
end

-- sends checks a send, and stores in c whether a sender that waits for room is to be woken. The second result is the
-- result of the script if it is not 4.
local function sends(k, c)
  local problem = wrong(k, 'list') or denied('RPUSH', KEYS[k], c.value) or wakes(c.wake, c.mode, c.ttl)
  if problem then return problem end
  if redis.call('EXISTS', KEYS[c.closed]) == 1 then return '', 6 end
  local n = length(k) + 1
  if c.bound > 0 and n > c.bound then return '', 5 end
  kinds[k], lengths[k] = 'list', n
  c.more = c.bound > n and redis.call('EXISTS', KEYS[c.senders]) == 1
  return c.more and (wakes(c.room, '', c.ttl) or wakes(c.room_wake, c.mode, c.ttl))
end

-- check returns why a write cannot be done, or nothing.
local function check(w)
  local what, k, list = w.what, w.k, w.list
  if what == 'set' then
    kinds[k], numbers[k], lengths[k] = 'string', parse(list[1]) or false, nil
    return denied('SET', KEYS[k], unpack(list))
  elseif what == 'unlink' then
    kinds[k], numbers[k], lengths[k] = 'none', nil, 0
    return denied('UNLINK', KEYS[k])
  elseif what == 'add' then
    return sum(k, list[1], list[2])
  elseif what == 'send' then
    w.channel = room(list)
    return sends(k, w.channel)
  elseif what == 'ring' then
    local problem = wrong(k, 'list') or denied('LTRIM', KEYS[k], '0', '-1') or denied(list[1], KEYS[k], unpack(list, 3))
    if problem then return problem end
    lengths[k] = math.min(length(k) + #list - 2, tonumber(list[2]))
    kinds[k] = 'list'
    return
  end
  local problem = wrong(k, list[1]) or denied(list[2], KEYS[k], unpack(list, 3))
  if problem then return problem end
  if list[1] == 'list' and what == 'create' then lengths[k] = length(k) + #list - 2 end
  if what == 'create' then kinds[k] = list[1] end
end

-- push executes a send.
local function push(k, c)
  if c.more then
    if redis.call('LLEN', KEYS[c.room]) == 0 then redis.call('RPUSH', KEYS[c.room], '1') end
    redis.call('PEXPIRE', KEYS[c.room], c.ttl)
    wake(KEYS[c.room_wake], c.mode, c.ttl)
  end
  wake(KEYS[c.wake], c.mode, c.ttl)
  redis.call('RPUSH', KEYS[k], c.value)
end

-- apply executes a write. It calls no command whose permission the check has not found.
local function apply(w)
  local what, key, list = w.what, KEYS[w.k], w.list
  if what == 'set' then
    redis.call('SET', key, unpack(list))
  elseif what == 'unlink' then
    redis.call('UNLINK', key)
  elseif what == 'add' then
    if list[2] ~= '0' then redis.call('SET', key, list[2], 'NX') end
    redis.call('INCRBY', key, list[1])
  elseif what == 'send' then
    push(w.k, w.channel)
  elseif what == 'ring' then
    redis.call(list[1], key, unpack(list, 3))
    if list[1] == 'RPUSH' then redis.call('LTRIM', key, '-' .. list[2], '-1') end
    if list[1] == 'LPUSH' then redis.call('LTRIM', key, '0', tostring(tonumber(list[2]) - 1)) end
  else
    redis.call(list[2], key, unpack(list, 3))
  end
end

-- write is the phases check and apply.
local function write()
  local writes = {}
  for i = 1, tonumber(ARGV[3]) do
    local w = {what = ARGV[at], k = tonumber(ARGV[at + 1])}
    at = at + 2
    w.list = following()
    writes[i] = w
    local problem, result = check(w)
    if problem then return {result or 4, i, problem} end
  end
  for i, w in ipairs(writes) do
    local ok, failed = pcall(apply, w)
    if not ok then return {7, i, type(failed) == 'table' and failed.err or tostring(failed)} end
  end
  return {1, 0, ''}
end
