-- walk_page: one page of an iteration with INFO, for clients that do not expose nodes.
-- flags: no-writes
-- reply: {text, {text...}, text}
-- KEYS[1] collection
-- ARGV[1] HSCAN, SSCAN or ZSCAN    ARGV[2] cursor    ARGV[3] count
-- returns {next cursor, elements, text of INFO server}
-- O(count). Read-only.
local page = redis.call(ARGV[1], KEYS[1], ARGV[2], 'COUNT', ARGV[3])
return {page[1], page[2], redis.call('INFO', 'server')}
