// Package embedded is a Redis inside the program: for trying things, for
// examples, for unit tests. [Start] takes a fraction of a millisecond.
//
// It is miniredis behind a real socket, so a plain go-redis client talks to it,
// and so does anything else that speaks RESP2 or RESP3 to [Server.Addr]. Unlike
// in a bare miniredis time passes: keys and hash fields expire when they should.
//
// It is no substitute for the real thing where promises are tested. It says to
// be version 8.4.0 and is much less than that.
//
// # Missing
//
// These answer with an error:
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
//   - Persistence: SAVE, BGSAVE, BGREWRITEAOF, LASTSAVE, WAITAOF; what it holds
//     ends with the program
//   - Replication and cluster: ROLE, REPLICAOF, FAILOVER, READONLY, ASKING,
//     CLUSTER INFO
//   - Administration: CONFIG, ACL, DEBUG, SLOWLOG, LATENCY, MONITOR, MODULE,
//     RESET, SHUTDOWN, MIGRATE, MEMORY STATS, OBJECT ENCODING
//
// # Different
//
//   - There is no limit of memory, nothing is ever evicted, and DUMP and RESTORE
//     know strings only.
//   - Scripts may not begin with #!lua and have no cmsgpack, struct and bit.
//     Numbers from 1e14 turn into text as digits, not as 1e+14. The error of a
//     command in a script has "ERR Error compiling script" in front of it: no
//     WRONGTYPE at the beginning.
//   - HINCRBY wraps round instead of refusing to overflow.
//   - An unknown command inside MULTI does not stop EXEC. Its reply is missing,
//     so a client waits for it until its timeout.
//   - COMMAND DOCS, COMMAND INFO and COMMAND COUNT all answer what COMMAND does.
//   - SCAN and its kin answer with everything at once, whatever COUNT says.
//   - Of several clients that wait for one list, any may be served first.
//   - TTL rounds down: 9 right after EX 10.
//   - WAIT answers 0, and nothing is ever replicated.
//
// Once a command has set an expiry, every command costs 0.15 µs more for each
// key the server holds (not for each field or element).
package embedded
