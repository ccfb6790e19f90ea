-- zset_page: the next members of a range of a sorted set.
-- flags: no-writes
-- reply: {integer, text...}
-- KEYS[1] sorted set
-- ARGV[1..4] kind, lo, hi, direction   a range; see zset_span
-- ARGV[5] the most members to return
-- ARGV[6] score, ARGV[7] member   the last member of the previous page, if there was
--                                 one; the caller then counts the end of a rank itself
-- returns {number of members of the range from here on, member, score, …}
-- O(log n + returned), and O(log² n) among members with the same score. Read-only.
local key, direction = KEYS[1], ARGV[4]

local function below(a, b) -- compares bytes; Lua's < depends on the server's locale
  local both = math.min(#a, #b)
  for i = 1, both do
    local x, y = string.byte(a, i), string.byte(b, i)
    if x ~= y then return x < y end
  end
  return #a < #b
end

-- behind returns the position after (score, member), which may not exist.
local function behind(score, member, n)
  local lo = redis.call('ZCOUNT', key, '-inf', '(' .. score)
  local hi = redis.call('ZCOUNT', key, '-inf', score)
  while lo < hi do
    local mid = math.floor((lo + hi) / 2)
    local there = redis.call('ZRANGE', key, mid, mid)[1]
    if below(there, member) or direction == '' and there == member then
      lo = mid + 1
    else
      hi = mid
    end
  end
  if direction == 'REV' then return n - lo end
  return lo
end

local from, to, n = span(key, ARGV[1], ARGV[2], ARGV[3], direction)
if ARGV[6] then
  from = behind(ARGV[6], ARGV[7], n)
  if ARGV[1] == 'rank' then to = n end
end
if from >= to then return {0} end
local words = {'ZRANGE', key, from, math.min(to, from + tonumber(ARGV[5])) - 1, 'WITHSCORES'}
if direction == 'REV' then table.insert(words, 'REV') end
local page = redis.call(unpack(words))
table.insert(page, 1, to - from)
return page
