// Package collections has Go's everyday collections on Redis: [Map] is a hash,
// [Set] a set, [SortedSet] a sorted set, [List] a list and [Value] a string.
//
// # What holds for all of them
//
// The Redis key is the object's name, and what is stored is readable: scalars
// as plain text, everything else as the codec says (see the package codec). A
// hash, set or list that other programs wrote can be read with a fitting codec.
//
// Reads are linearizable on one master and may be sent again by the client. (One that was
// made to read from replicas makes them old: all but the walks of Map, Set and SortedSet.)
// Writes are done at most once: an answer that is lost is
// [desir.ErrMaybeRan], and nothing is repeated. Conditional operations
// (CompareAndSwap, LoadOrStore, Swap…) are one atomic step on the
// server; Update reads first, and writes only if nothing has changed since. A failover to a replica may lose the last acknowledged writes.
//
// Concurrent calls through one client leave together: those on one object as
// one command where the doc comment says "or a share of one", other short ones
// in one pipeline. A call waits for no other, and an error is told to those it
// concerns; only a connection that breaks takes all with it that was on the
// way, as [desir.ErrMaybeRan]. [Unbatched] keeps an object's commands apart.
//
// Stored bytes that do not decode are a [*codec.DecodeError] of that item with
// the key and the field in it; loops go on after it.
//
// # Walks
//
// All, Keys and Values read a page at a time (SCAN). An element that is there
// from the first to the last page is seen at least once, also when the server
// is restarted meanwhile or the collection changes its layout; one that comes
// or goes may be seen or not; any may be seen more than once. A walk stays on
// one node. Behind a large page a body that takes its time has the next page
// fetched meanwhile, no more than one; else nothing is held between two pages.
// break frees everything, and ranging again starts over. Snapshot is the consistent alternative: one
// command, all in memory, and the server busy for as long.
//
// A [SortedSet] is walked in its order: a member that keeps its score is seen
// exactly once. A [List] is walked by position.
package collections
