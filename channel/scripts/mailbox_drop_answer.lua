-- mailbox_drop_answer: forget an answer that came when nobody waited any more.
-- flags: allow-oom
-- reply: integer
-- KEYS[1] answers  list, expires    KEYS[2] wake  list of at most one token
-- returns how many of the keys existed
-- O(1). Atomic.
return redis.call('UNLINK', KEYS[1], KEYS[2])
