package desir

import (
	"context"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/clients"
)

// Close shuts down the library's use of rdb and then closes rdb. It does so whether
// [Open] returned rdb or the caller made it, so other code that shares the client loses
// it too.
//
// First, workers of package rpc stop taking calls, finish their handlers within their
// grace period and deliver the results. At the same time, subscriptions and receivers
// end with [ErrClosed]. A value that is in flight to a receiver is received, or goes
// back to the head of its channel, mailbox or queue. Values that a loop with Prefetch
// has not yet passed to its body go back too.
//
// After that, new calls fail with [ErrClosed]. Calls in flight finish, including calls of
// package rpc that wait for a result. The library's own asynchronous commands are sent.
//
// Close waits for all of this or until ctx ends, so give ctx a deadline. When ctx ends,
// Close cuts off what is still in flight and returns an error with [ErrMaybeRan], the
// context's error and a description of what was cut off. It closes the client in any
// case. Close does not wait for the bodies of loops. If a body uses the client, cancel
// the loop's context and wait for the loop before calling Close. A handler of package rpc
// that calls Close would wait for itself and lose its result, so call Close from another
// goroutine.
//
// A second Close waits for the first and returns nil, or an error with the context's
// error if ctx ends first.
//
// If rdb's type is not a pointer and is not comparable, the library cannot recognize the
// client. Every call then returns [ErrNotSupported], and Close does not close the client.
func Close(ctx context.Context, rdb redis.UniversalClient) error {
	h, err := clients.Of(rdb)
	if err == nil {
		err = h.Close(ctx)
	}
	if err != nil {
		return &OpError{Op: "desir.Close", Err: err}
	}
	return nil
}
