-- inbox: keep a client's inbox.
-- flags: allow-oom
-- KEYS[1] inbox  stream of results    ARGV[1] its life in ms    ARGV[2] what the entry says that begins a new one
-- returns the ID of the entry that says that the inbox is new, if it was not there; else ""
-- O(1). Atomic. It runs when memory is full: results come in any case. An inbox that was not there gets an entry with the
-- field "new": results of before may have found none. Being in the stream, that is told although the answer be lost.
local made = ''
if redis.call('PEXPIRE', KEYS[1], ARGV[1]) == 0 then
  made = redis.call('XADD', KEYS[1], '*', 'new', ARGV[2])
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
end
return made
