-- A process that waits is a member of a sorted set, whose score is the time of its last attempt. If small requests must
-- not overtake large ones, a hash has since when it waits, and 1 if it wants more than 1, followed by "w" after a
-- wake-up on a cluster. Otherwise a wake-up on a cluster removes the process from the set until its next attempt.

-- processes returns the functions for the processes that wait. They are made only if there may be some. Every script
-- that calls it has the sorted set as KEYS[3], a wake key as KEYS[4], as KEYS[5] and KEYS[6] the wake key of those that
-- want more than 1 and the hash, or neither, and the mode of wake-ups as ARGV[1].
local function processes()
  local waiting, wakeKey, large, since, mode = KEYS[3], KEYS[4], KEYS[5], KEYS[6], ARGV[1]
  local p = {}

  -- waits records that a process waits.
  function p.waits(process, now, wantsMore)
    for _, gone in ipairs(redis.call('ZRANGEBYSCORE', waiting, '-inf', text(now - 12000))) do
      redis.call('ZREM', waiting, gone)
      if since then redis.call('HDEL', since, gone) end
    end
    redis.call('ZADD', waiting, text(now), process)
    redis.call('PEXPIRE', waiting, 12000)
    if not since then return end
    local at = redis.call('HGET', since, process)
    at = at and string.match(at, '%S+') or text(now)
    redis.call('HSET', since, process, at .. ' ' .. (wantsMore and '1' or '0'))
    redis.call('PEXPIRE', since, 12000)
  end

  -- forget records that a process waits no more.
  function p.forget(process)
    if since then redis.call('HDEL', since, process) end
    redis.call('ZREM', waiting, process)
  end

  -- forgetUntil records that a process waits no more, unless it has tried after a time in ms.
  function p.forgetUntil(process, last)
    local tried = redis.call('ZSCORE', waiting, process)
    if tried and tonumber(tried) <= last then p.forget(process) end
  end

  -- first finds the process that has waited longest, except one. If rested is set, processes that were woken since
  -- their last attempt come last, since they may be gone.
  -- returns since when it waits, whether it wants more than 1, and its name; nil if there is none
  local function first(except, now, rested)
    local from, more, name, woken
    for _, process in ipairs(redis.call('ZRANGEBYSCORE', waiting, '(' .. text(now - 12000), '+inf')) do
      local at, wants, w = string.match(redis.call('HGET', since, process) or '', '^(%d+) (%d)(w?)')
      at = tonumber(at)
      w = rested and w == 'w'
      if process ~= except and at and (not from or woken and not w or woken == w and at < from) then
        from, more, name, woken = at, wants == '1', process, w
      end
    end
    return from, more, name
  end

  -- behind reports whether another process has waited longer, and whether a request must not overtake it, since one of
  -- the two wants more than 1. So small requests cannot keep a large one waiting, nor a writer the readers before it.
  function p.behind(process, now, wantsMore)
    local mine = string.match(redis.call('HGET', since, process) or '', '^%S+')
    local from, wants = first(process, now)
    local older = from and from < (tonumber(mine) or now + 1)
    return older, older and (wantsMore or wants)
  end

  -- ring wakes a process that waits, except one: one of those that want more than 1, if such a one has waited longest. On
  -- a cluster it names the process, and another one the next time, since that one may be gone.
  -- returns whether any waits
  function p.ring(now, except)
    if redis.call('ZCARD', waiting) == 0 then return false end
    local key, names, process = wakeKey, mode ~= '', nil
    if since then
      local from, more, name = first(except, now, names)
      if more then key = large end
      wake(key, mode, wakeTTL, name)
      if names and name then redis.call('HSET', since, name, text(from) .. (more and ' 1w' or ' 0w')) end
      return true
    end
    if names then process = redis.call('ZRANGE', waiting, '0', '0')[1] end
    wake(key, mode, wakeTTL, process)
    if names then redis.call('ZREM', waiting, process) end -- its next attempt records it again
    return true
  end

  return p
end
