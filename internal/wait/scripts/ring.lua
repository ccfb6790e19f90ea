-- ring: wake the receivers of a source.
-- wake: the source's wake key    way: "publish" where wake-ups are published, else ""
-- life: expiry of a token in ms
local function ring(wake, way, life)
  if way ~= '' then
    redis.call('SPUBLISH', wake, '1')
  elseif redis.call('LLEN', wake) == 0 then
    redis.call('RPUSH', wake, '1')
    redis.call('PEXPIRE', wake, life)
  end
end
