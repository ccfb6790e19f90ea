-- reap: note the workers whose lease has run out as ended uncleanly.
-- calls that such a worker may have had are lost from that moment on.
local function reap(workers, ended, about, now)
  local gone = redis.call('ZRANGEBYSCORE', workers, '-inf', now, 'WITHSCORES')
  for i = 1, #gone, 2 do
    local at = string.format('%.0f', tonumber(gone[i + 1]))
    redis.call('ZADD', ended, at, at .. ' ' .. gone[i])
    redis.call('PEXPIRE', ended, 86400000)
    redis.call('ZREM', workers, gone[i])
    redis.call('HDEL', about, gone[i])
  end
end

-- clock: the server's, in ms.
local function clock()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

-- text: a number of ms as Redis writes it.
local function text(n) return string.format('%.0f', n) end
