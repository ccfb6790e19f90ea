-- wake: wake the receivers of a source.
-- key: the source's wake key    mode: "publish" where wake-ups are published, else ""
-- ttl: expiry of a token in ms    process: if wake-ups are published, the one to wake; nil for all
local function wake(key, mode, ttl, process)
  if mode ~= '' then
    redis.call('SPUBLISH', key, process or '1')
  elseif redis.call('LLEN', key) == 0 then
    redis.call('RPUSH', key, '1')
    redis.call('PEXPIRE', key, ttl)
  end
end
