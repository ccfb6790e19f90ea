-- mailbox_look: the letters behind those that were looked at already.
-- flags: no-writes
-- reply: {integer, text...}
-- KEYS[1] letters  list
-- ARGV[1] how many were looked at    ARGV[2] the last of them
-- ARGV[3] how many to return at most    ARGV[4] "first" for the list's order, "last" for the newest first
-- ARGV[5] the letter to stop at, newest first; "" for none
-- returns {n, letter...}: n is how many were looked at, 0 if the last of them is gone; in the order of the look
-- O(n + letters). Atomic. The last of them is where it was unless others took or gave back letters before it.
local seen = tonumber(ARGV[1])
local n = tonumber(ARGV[3])
local answer
if ARGV[4] == 'first' then
  if seen > 0 and redis.call('LINDEX', KEYS[1], seen - 1) ~= ARGV[2] then
    local at = redis.call('LPOS', KEYS[1], ARGV[2])
    seen = at and at + 1 or 0
  end
  answer = redis.call('LRANGE', KEYS[1], seen, seen + n - 1)
else
  if seen > 0 and redis.call('LINDEX', KEYS[1], -seen) ~= ARGV[2] then
    local at = redis.call('LPOS', KEYS[1], ARGV[2], 'RANK', -1)
    seen = at and redis.call('LLEN', KEYS[1]) - at or 0
  end
  local letters = redis.call('LRANGE', KEYS[1], -seen - n, -seen - 1)
  answer = {}
  for i = #letters, 1, -1 do
    if ARGV[5] ~= '' and letters[i] == ARGV[5] then break end
    table.insert(answer, letters[i])
  end
end
table.insert(answer, 1, seen)
return answer
