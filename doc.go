// Package desir is the root of a library of Redis-backed structures that feel
// like Go's own types: maps, sets, lists, values, counters and channels shared
// by any number of goroutines, processes and hosts.
//
// The packages:
//
//   - [github.com/desir-go/desir/collections]: Map, Set, SortedSet, List, Value
//   - [github.com/desir-go/desir/counter]: Counter, IDs, Bounded, Window, Sharded
//   - [github.com/desir-go/desir/channel]: Chan, PriorityQueue, Mailbox, Topic
//   - [github.com/desir-go/desir/rpc]: functions on other machines, and their errors
//   - [github.com/desir-go/desir/command]: every other command, checked and documented by Redis' specification
//   - [github.com/desir-go/desir/codec]: how values become bytes
//   - [github.com/desir-go/desir/embedded]: an in-process Redis for trying things
//
// This package holds what they share: [Open], the errors, the methods that
// every object with one key has ([Object]) and helpers for its iterators.
//
// # What holds everywhere
//
// Constructors only name things: they send nothing, start nothing and cannot
// fail, so objects may stand at package level. Every call takes a context and
// returns within about 10 ms of its end, unless its comment says otherwise. A miss is ok == false, not an error.
// A write leaves once: when its answer is lost, the error is [ErrMaybeRan],
// and nothing was repeated behind the caller's back. Iterators yield a value
// and an error: an error of one item comes with a zero value and the loop may
// go on; a fatal error comes once, last.
//
// An object is safe for any number of goroutines, and any number of objects,
// in any number of processes, may have the same name.
package desir
