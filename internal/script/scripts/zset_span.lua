-- zset_span: a function for other scripts that returns the positions of a range.
-- key        sorted set
-- kind       rank, score or lex
-- lo, hi     rank: half-open positions, negative from the other end; score: two numbers;
--            lex: lo is a text; hi is '+', or '[' and a text
-- direction  '' or 'REV'
-- returns the position of the first member, the position after the last member, both
--         counted in the direction, and the number of all members of the set
-- O(log n). Positions are exact, because no set has 2^53 members.
local function span(key, kind, lo, hi, direction)
  local n = redis.call('ZCARD', key)
  if kind == 'rank' then
    local from, to = tonumber(lo), tonumber(hi)
    if from < 0 then from = math.max(from + n, 0) end
    if to < 0 then to = to + n + 1 end
    return from, math.min(to, n), n
  end
  local count, least = 'ZCOUNT', '-inf'
  if kind == 'lex' then count, least = 'ZLEXCOUNT', '-' end
  local before = redis.call(count, key, least, '(' .. lo)
  local upto = redis.call(count, key, least, hi)
  if direction == 'REV' then return n - upto, n - before, n end
  return before, upto, n
end
