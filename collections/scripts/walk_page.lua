-- walk_page: one page of a walk and the identity of the server process, for
-- reply: {text, {text...}, text}
-- clients that do not let the library choose a node.
-- flags: no-writes
-- KEYS[1] collection
-- ARGV[1] HSCAN, SSCAN or ZSCAN    ARGV[2] cursor    ARGV[3] count
-- returns {next cursor, elements, text of INFO server}
-- O(count). Reads only.
local page = redis.call(ARGV[1], KEYS[1], ARGV[2], 'COUNT', ARGV[3])
return {page[1], page[2], redis.call('INFO', 'server')}
