-- inbox: keep a client's inbox.
-- flags: allow-oom
-- KEYS[1] inbox  stream of results    ARGV[1] its life in ms
-- returns 1 if it was not there, so that results may have found no inbox; else 0
-- O(1). Atomic. It runs when memory is full: results come in any case.
local made = 0
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('XADD', KEYS[1], 'MAXLEN', '0', '*', '1', '')
  made = 1
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return made
