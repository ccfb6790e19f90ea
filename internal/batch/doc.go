// Package batch sends concurrent calls together. Calls that arrive while a batch is in
// flight wait for the next one. A batch is one pipeline, and calls of one kind on one key
// become one command of it.
//
// The package knows no Redis command. A [Merger] describes a kind of call: how calls become
// a command and how they share its reply. A [Batcher] holds the pending calls, decides when
// a batch is sent and by which goroutine, and lets a caller leave when its context ends.
package batch
