-- A process that waits is a member of a sorted set, whose score is the time of its last attempt. If small requests must
-- not overtake large ones, a hash has since when it waits, and 1 if it wants more than 1.

-- waits records that a process waits.
local function waits(keys, process, now, large)
  for _, gone in ipairs(redis.call('ZRANGEBYSCORE', keys.waiting, '-inf', text(now - 12000))) do
    redis.call('ZREM', keys.waiting, gone)
    if keys.fair then redis.call('HDEL', keys.since, gone) end
  end
  redis.call('ZADD', keys.waiting, text(now), process)
  redis.call('PEXPIRE', keys.waiting, 12000)
  if not keys.fair then return end
  local at = redis.call('HGET', keys.since, process)
  at = at and string.match(at, '%S+') or text(now)
  redis.call('HSET', keys.since, process, at .. ' ' .. (large and '1' or '0'))
  redis.call('PEXPIRE', keys.since, 12000)
end

-- leave records that a process waits no more.
-- returns whether others wait
local function leave(keys, process)
  if keys.fair then redis.call('HDEL', keys.since, process) end
  redis.call('ZREM', keys.waiting, process)
  return redis.call('ZCARD', keys.waiting) > 0
end

-- first finds the process that has waited longest, except one.
-- returns since when it waits, and whether it wants more than 1; nil if there is none
local function first(keys, except, now)
  local since, large
  for _, process in ipairs(redis.call('ZRANGEBYSCORE', keys.waiting, '(' .. text(now - 12000), '+inf')) do
    local at, wants = string.match(redis.call('HGET', keys.since, process) or '', '^(%S+) (%S+)')
    at = tonumber(at)
    if process ~= except and at and (not since or at < since) then since, large = at, wants == '1' end
  end
  return since, large
end

-- behind reports whether another process has waited longer, and whether a request must not overtake it, since one of
-- the two wants more than 1. So small requests cannot keep a large one waiting, nor a writer the readers before it.
local function behind(keys, process, now, large)
  local mine = string.match(redis.call('HGET', keys.since, process) or '', '^%S+')
  local since, wants = first(keys, process, now)
  local older = since and since < (tonumber(mine) or now + 1)
  return older, older and (large or wants)
end

-- ring wakes a process that waits: one of those that want more than 1, if such a one has waited longest.
local function ring(keys, now, mode, ttl)
  if redis.call('ZCARD', keys.waiting) == 0 then return false end
  local key = keys.wake
  if keys.fair then
    local _, large = first(keys, '', now)
    if large then key = keys.large end
  end
  wake(key, mode, ttl)
  return true
end

local keys = {
  waiting = KEYS[3], wake = KEYS[4], large = KEYS[5], since = KEYS[6], fair = KEYS[4] ~= KEYS[5]
}

