// Package embedded runs a Redis server inside the program, for experiments, examples and
// unit tests. [Start] takes a fraction of a millisecond.
//
// The server is miniredis behind a real socket. A plain go-redis client can use it, and
// so can any other program that connects to [Server.Addr] with RESP2 or RESP3. Unlike
// in plain miniredis, time passes: keys and hash fields expire when they should.
//
// The server does not replace a real Redis in tests of guarantees. It reports version
// 8.4.0 and supports much less than that version.
//
// # Missing
//
// The server replies to these commands with an error:
//
//   - Lists and sorted sets: BLMPOP, ZDIFF, ZDIFFSTORE, ZINTERCARD, ZRANGESTORE
//   - Hashes: HPEXPIRE, HEXPIREAT, HPEXPIREAT, HEXPIRETIME, HGETEX, HGETDEL
//   - Strings: LCS, BITFIELD, MSETEX, SET with IFEQ; and SORT, GEOHASH,
//     GEOSEARCHSTORE
//   - Streams: XSETID, XACKDEL, XDELEX, XGROUP SETID
//   - Sharded channels: SPUBLISH, SSUBSCRIBE, PUBSUB SHARDCHANNELS
//   - Functions: FUNCTION, FCALL; and SCRIPT KILL
//   - CLIENT, except SETNAME and GETNAME: no ID, LIST, KILL, UNBLOCK, PAUSE,
//     TRACKING, SETINFO
//   - INFO, except the sections clients and stats
//   - Persistence: SAVE, BGSAVE, BGREWRITEAOF, LASTSAVE, WAITAOF; the data is lost
//     when the program ends
//   - Replication and cluster: ROLE, REPLICAOF, FAILOVER, READONLY, ASKING,
//     CLUSTER INFO
//   - Administration: CONFIG, ACL, DEBUG, SLOWLOG, LATENCY, MONITOR, MODULE,
//     RESET, SHUTDOWN, MIGRATE, MEMORY STATS, OBJECT ENCODING
//
// # Different
//
//   - Memory is unlimited and nothing is evicted. DUMP and RESTORE support strings only.
//   - Scripts cannot begin with #!lua and lack cmsgpack, struct and bit. Numbers from
//     1e14 are converted to text as digits, not as 1e+14. An error of a command in a
//     script starts with "ERR Error compiling script", not with its own code, such as
//     WRONGTYPE.
//   - HINCRBY wraps around on overflow instead of refusing.
//   - An unknown command inside MULTI does not make EXEC fail. Its reply is missing, so a
//     client waits for the reply until its timeout.
//   - COMMAND DOCS, COMMAND INFO and COMMAND COUNT all reply as COMMAND does.
//   - SCAN, HSCAN, SSCAN and ZSCAN return everything at once and ignore COUNT.
//   - If several clients wait for one list, the order in which they are served is
//     undefined.
//   - TTL rounds down: it returns 9 immediately after EX 10.
//   - WAIT returns 0, and nothing is ever replicated.
//
// Once a command has set an expiry, every command takes 0.15 µs longer for each key on
// the server. Fields and elements do not count.
package embedded
