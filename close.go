package desir

import (
	"context"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/hub"
)

// Close is how a program ends its use of a client. It ends what the library has in flight
// for rdb, and then closes rdb, whether [Open] made it or the caller did, so other code that
// shares the client is cut off too.
//
// In this order: workers of package rpc take no more calls, finish their handlers within
// their grace period and deliver the results, while subscriptions and receivers end with
// [ErrClosed]. A value that is on its way to a receiver is received, or goes back to the head
// of its channel, mailbox or queue; so do values that a loop with Prefetch has not handed to
// its body. From then on new calls fail with [ErrClosed]. Calls in flight finish, also those
// of package rpc that wait for a result, and what the library sends by itself leaves.
//
// Close waits until all that has happened, or until ctx ends: give it a deadline. What is
// still in flight then is cut off, and the error has [ErrMaybeRan], the context's error, and
// what it was. The client is closed in any case. Bodies of loops are not waited for: end
// loops by their contexts first, and wait for them, if they use the client. A handler of
// package rpc that calls Close waits for itself, and its result is lost: let another
// goroutine call it.
//
// A second Close returns nil, after the first. A client that the library cannot recognize
// when it sees it again, of a type that is no pointer and cannot be compared, is
// [ErrNotSupported] everywhere, and is not closed.
func Close(ctx context.Context, rdb redis.UniversalClient) error {
	h, err := hub.Of(rdb)
	if err == nil {
		err = h.Close(ctx)
	}
	if err != nil {
		return &OpError{Op: "desir.Close", Err: err}
	}
	return nil
}
