// Package send sends the commands of the library, and classifies their errors.
//
// It makes three promises to the packages above it. A write is written to the network at
// most once: if its reply is lost, the error is [ErrMaybeRan], and nothing is retried.
// Each error has a class: refused, not executed, or perhaps executed. A call returns when
// its context ends, although go-redis does not look at the context while a command is in
// flight: the caller abandons the command. A client has at most [MaxAbandoned] abandoned
// commands.
package send
