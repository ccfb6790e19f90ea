-- zset_span: where a range of a sorted set begins and ends. For other scripts.
-- key, and the words of a range:
-- kind       rank, score or lex
-- lo, hi     of rank: positions, half-open, negative ones from the other end;
--            of score: a number each; of lex: a text, and '+' or '[' and a text
-- direction  '' or 'REV'
-- returns the position of its first member and the one behind its last, both
--         counted in its direction, and the number of all members
-- O(log n). Positions are exact: no set has 2^53 members.
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
