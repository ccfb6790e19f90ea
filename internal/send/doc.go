// Package send is the one way out: every command of the library leaves here.
//
// It holds three promises for the layers above it. A write is handed to the
// network once, so a lost reply is told ([ErrMaybeRan]) and never turned into
// a second execution. Every failure is told apart: refused, not executed, or
// perhaps executed. And a context is obeyed although the client underneath
// does not look at it while a command is on the wire: the caller leaves, the
// command stays behind, and at most [MaxLeft] of those exist per client.
package send
