-- inbox: make or refresh a client's inbox.
-- flags: allow-oom
-- KEYS[1] inbox  stream of results    ARGV[1] its life in ms    ARGV[2] text of the first entry of a new inbox
-- returns the ID of the first entry if the inbox was made, else ""
-- O(1). Atomic. It runs when memory is full, since results arrive in any case. A new inbox begins with an entry that
-- has the field "new": earlier results may have been lost. The client finds this entry even if the reply is lost.
local made = ''
if redis.call('PEXPIRE', KEYS[1], ARGV[1]) == 0 then
  made = redis.call('XADD', KEYS[1], '*', 'new', ARGV[2])
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
end
return made
