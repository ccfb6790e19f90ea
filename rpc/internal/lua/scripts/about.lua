-- about: return what the live workers of a service publish about themselves.
-- flags: no-writes
-- KEYS[1] workers  sorted set    KEYS[2] about  hash
-- returns a text for each
-- O(workers). Atomic. It writes nothing.
local now = clock()
local answer = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. text(now), text(now + 20000))) do
  local one = redis.call('HGET', KEYS[2], id)
  if one then answer[#answer + 1] = one end
end
return answer
