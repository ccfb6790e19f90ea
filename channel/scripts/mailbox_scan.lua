-- mailbox_scan: read the letters that follow those that were examined already.
-- flags: no-writes
-- reply: {integer, text...}
-- KEYS[1] letters  list
-- ARGV[1] how many were examined    ARGV[2] the last of them
-- ARGV[3] how many to return at most    ARGV[4] "first" for the list's order, "last" for the newest first
-- ARGV[5] with "last", the letter at which to stop; "" for none
-- returns {n, letter...}: n is how many letters precede the returned ones, 0 if ARGV[2] is gone;
--         the letters in the order of ARGV[4]
-- O(n + letters). Atomic. ARGV[2] has kept its position unless others took or requeued letters before it.
local seen = tonumber(ARGV[1])
local n = tonumber(ARGV[3])
local reply
if ARGV[4] == 'first' then
  if seen > 0 and redis.call('LINDEX', KEYS[1], seen - 1) ~= ARGV[2] then
    local at = redis.call('LPOS', KEYS[1], ARGV[2])
    seen = at and at + 1 or 0
  end
  reply = redis.call('LRANGE', KEYS[1], seen, seen + n - 1)
else
  if seen > 0 and redis.call('LINDEX', KEYS[1], -seen) ~= ARGV[2] then
    local at = redis.call('LPOS', KEYS[1], ARGV[2], 'RANK', -1)
    seen = at and redis.call('LLEN', KEYS[1]) - at or 0
  end
  local letters = redis.call('LRANGE', KEYS[1], -seen - n, -seen - 1)
  reply = {}
  for i = #letters, 1, -1 do
    if ARGV[5] ~= '' and letters[i] == ARGV[5] then break end
    table.insert(reply, letters[i])
  end
end
table.insert(reply, 1, seen)
return reply
