-- waiting: find calls that no longer wait for a worker.
-- flags: no-writes
-- KEYS[1] calls  list    ARGV calls, in the order in which they were stored
-- returns how many of them, from the first one on, are not in the list; the next one is, and those after
--         it are behind it
-- O(length) for each call that is not in the list. Atomic. It writes nothing.
for i = 1, #ARGV do
  if redis.call('LPOS', KEYS[1], ARGV[i]) then return i - 1 end
end
return #ARGV
