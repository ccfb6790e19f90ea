// Package desir is the root of a library of typed data structures backed by Redis: maps,
// sets, lists, values, counters and channels. Any number of goroutines, processes and
// hosts can share them.
//
// The packages:
//
//   - [github.com/desir-go/desir/collections]: Map, Set, SortedSet, List, Value
//   - [github.com/desir-go/desir/counter]: Counter, IDs, Bounded, Window, Sharded
//   - [github.com/desir-go/desir/channel]: Chan, PriorityQueue, Mailbox, Topic
//   - [github.com/desir-go/desir/lock]: Mutex, RWMutex, Semaphore, Leader
//   - [github.com/desir-go/desir/rpc]: typed remote calls and their errors
//   - [github.com/desir-go/desir/command]: every other Redis command, checked against
//     Redis's own specification
//   - [github.com/desir-go/desir/codec]: the encoding of values
//   - [github.com/desir-go/desir/embedded]: an in-process Redis for examples and tests
//
// This package holds what they share: [Open], [Close], [Check], the errors, the methods
// of every object with one key ([Object]), helpers for its iterators, and [Atomic], which
// changes several objects in one step.
//
// # Rules for all packages
//
// Constructors only record a name. They send nothing, start nothing and cannot fail, so
// objects can be package-level variables.
//
// Every call takes a context and returns within about 10 ms of the context's end, unless
// its comment says otherwise. A missing key or element is ok == false, not an error.
//
// A write that may have reached the server is never retried, unless it has an ID by which
// the server recognizes a copy. If its reply is lost, the call returns [ErrMaybeRan].
//
// Iterators yield a value and an error. The error of one item comes with a zero value,
// and the loop may continue. A fatal error comes once, as the last item.
//
// An object is safe for concurrent use. Any number of objects, in any number of
// processes, may have the same name.
package desir
