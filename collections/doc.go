// Package collections has Go's everyday collections on Redis: [Map] is a hash, [Set] a
// set, [SortedSet] a sorted set, [List] a list and [Value] a string.
//
// # Rules for all types
//
// The Redis key is the object's name. Stored data is readable: scalars are plain text,
// and the codec defines the form of everything else (see package codec). With a
// matching codec a program can read a hash, set or list that another program wrote.
//
// Reads are linearizable on one master, and the client may send them again. With a client
// that reads from replicas, reads may be stale; iteration over Map, Set and SortedSet
// always uses the master.
//
// Writes are executed at most once. If a reply is lost, the call returns
// [desir.ErrMaybeRan] and nothing is retried. A failover to a replica may lose the last
// acknowledged writes.
//
// Conditional operations, such as CompareAndSwap, LoadOrStore and Swap, are one atomic
// step on the server. Update reads first, and writes only if nothing has changed since
// the read.
//
// Concurrent calls through one client share round trips. Calls on one object become one
// command where a doc comment says that a method shares a command. Other short calls
// share a pipeline. No call waits for a batch to fill, and an error affects only the
// calls that caused it. The exception is a connection that breaks: all writes in flight
// on it return [desir.ErrMaybeRan]. The option [Unbatched] keeps an object's commands
// separate.
//
// If stored bytes do not decode, the error is a [*codec.DecodeError] with the key and the
// field. In a loop it is the error of that item, and the loop may continue.
//
// # Iteration
//
// All, Keys and Values read one page at a time (SCAN). An element that is present
// during the whole iteration is yielded at least once, even if the server restarts or
// the collection changes its encoding. An element that is added or removed during the
// iteration may be yielded or not. Any element may be yielded more than once.
//
// An iteration uses one node. If the loop body is slow and the pages are large, one
// page is prefetched while the body runs; otherwise no resources are held between
// pages. A break releases everything. Ranging again starts from the beginning.
//
// Snapshot is the consistent alternative. It reads everything into memory with one
// command, and the server is blocked while it executes the command.
//
// A [SortedSet] is iterated in its order, and a member that keeps its score is yielded
// exactly once. A [List] is iterated by position.
package collections
