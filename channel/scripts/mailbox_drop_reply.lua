-- mailbox_drop_reply: delete a reply that arrived after its Ask had ended.
-- flags: allow-oom
-- reply: integer
-- KEYS[1] replies  list, expires    KEYS[2] wake  list of at most one token
-- returns how many of the keys existed
-- O(1). Atomic.
return redis.call('UNLINK', KEYS[1], KEYS[2])
