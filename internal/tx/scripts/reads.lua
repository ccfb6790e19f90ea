-- Functions for reads of a transaction. A key is that of the object, words are the command and its arguments
-- without the key. SPAN stands for a range of a sorted set: kind, lo, hi, direction as in zset_span, and a limit.

-- A read has at most so many elements, and so many bytes.
local max_elements, max_bytes = 1000, 262144

-- elements returns how many elements a read of many would return, without reading them.
local function elements(key, words)
  if words[1] == 'SMEMBERS' then return redis.call('SCARD', key) end
  if words[1] == 'HGETALL' then return redis.call('HLEN', key) end
  if words[1] == 'LRANGE' then
    local n, from, to = redis.call('LLEN', key), tonumber(words[2]), tonumber(words[3])
    if from < 0 then from = math.max(from + n, 0) end
    if to < 0 then to = to + n end
    return math.min(to, n - 1) - from + 1
  end
  return 0
end

-- range executes SPAN.
local function range(key, words)
  local from, to = span(key, words[2], words[3], words[4], words[5])
  to = math.min(to, from + tonumber(words[6]))
  if to - from > max_elements then return nil end
  if to <= from then return {} end
  if words[5] == 'REV' then return redis.call('ZRANGE', key, from, to - 1, 'REV', 'WITHSCORES') end
  return redis.call('ZRANGE', key, from, to - 1, 'WITHSCORES')
end

-- whole executes a read of many elements.
-- order: "set" or "pairs" if the server may return equal elements in another order, else ""
-- returns the reply and a digest of it; nil if it is too large
local function whole(order, key, words)
  if elements(key, words) > max_elements then return nil end
  local reply
  if words[1] == 'SPAN' then reply = range(key, words) else reply = redis.call(words[1], key, unpack(words, 2)) end
  if not reply then return nil end
  local parts, bytes = {}, 0
  for i = 1, #reply do
    local v = reply[i]
    if type(v) == 'string' then
      bytes = bytes + #v
      v = #v .. ' ' .. v
    elseif v then
      v = string.format('i%.0f', v)
    else
      v = '-'
    end
    if order == 'pairs' and i % 2 == 0 then parts[#parts] = parts[#parts] .. v else parts[#parts + 1] = v end
  end
  if bytes > max_bytes then return nil end
  if order ~= '' then table.sort(parts) end
  return reply, redis.sha1hex(table.concat(parts, ' '))
end
