-- Functions for the arguments of a transaction, and for its phases require and compare. They write nothing.
-- ARGV is a list of numbers and texts: how many leases, reads and writes there are, and then
--   of each lease   the index of its lock's key, and its record
--   of each read    its kind, the index of its key, what it returned, and a list of its words, see reads
--   of each write   its kind, the index of its key, and a list of its arguments, see writes
-- A list is its length and its elements.
-- What a read returned is, by its kind,
--   text            "-" for nil, "$" and a text, "#" and the digest of a text, ":" and an integer
--   number          "-" or "$" and a number, which may be written in another way
--   list set pairs  the digest of all elements
-- Each phase returns nil if it found nothing, else what the script returns: an error, or {result, i, text}.
-- The result is 1 done, 2 read i differs, 3 lease i is lost, 4 write i cannot be done, for the reason in the text,
-- 5 the channel of write i is full, 6 it is closed, 7 write i failed after those before it.
local at = 4

-- following returns the next list of ARGV.
local function following()
  local list, n = {}, tonumber(ARGV[at])
  for i = 1, n do list[i] = ARGV[at + i] end
  at = at + n + 1
  return list
end

-- required is the phase require.
local function required()
  if ARGV[1] == '0' then return end
  local t = redis.call('TIME')
  local now = t[1] * 1000 + math.floor(t[2] / 1000)
  for i = 1, tonumber(ARGV[1]) do
    local ends = redis.call('ZSCORE', KEYS[tonumber(ARGV[at])], ARGV[at + 1])
    if not ends or tonumber(ends) <= now then return {3, i, ''} end
    at = at + 2
  end
end

-- equals reports whether a reply of one element is what the first run returned.
local function equals(reply, kind, want)
  if not reply then return want == '-' end
  if type(reply) == 'number' then return want == string.format(':%.0f', reply) end
  local first = string.sub(want, 1, 1)
  if first == '#' then return want == '#' .. redis.sha1hex(reply) end
  if first ~= '$' then return false end
  local text = string.sub(want, 2)
  return reply == text or kind == 'number' and tonumber(reply) ~= nil and tonumber(reply) == tonumber(text)
end

-- same reports whether a read returns the same as before. It fails if the read does.
local function same(kind, key, want, words)
  if kind == 'text' or kind == 'number' then
    return equals(redis.call(words[1], key, unpack(words, 2)), kind, want)
  end
  local _, digest = whole(kind == 'list' and '' or kind, key, words)
  return digest == want
end

-- compared is the phase compare.
local function compared()
  for i = 1, tonumber(ARGV[2]) do
    local kind, key, want = ARGV[at], KEYS[tonumber(ARGV[at + 1])], ARGV[at + 2]
    at = at + 3
    local ok, equal = pcall(same, kind, key, want, following())
    if not ok then
      local text = type(equal) == 'table' and equal.err or tostring(equal)
      if not string.find(text, 'WRONGTYPE', 1, true) then return redis.error_reply(text) end
      equal = false -- the key has another type now
    end
    if not equal then return {2, i, ''} end
  end
end
