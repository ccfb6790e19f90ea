-- verify: the end of a transaction that writes nothing.
-- flags: no-writes
-- reply: {integer, integer, text}
-- KEYS, ARGV and the reply: see compare
-- O(what it read). Atomic. Read-only.
return required() or compared() or {1, 0, ''}
