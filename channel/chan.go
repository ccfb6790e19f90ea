package channel

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/batch"
	"github.com/desir-go/desir/internal/element"
	"github.com/desir-go/desir/internal/hub"
	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/wait"
)

// Chan is a channel in a Redis list, shared by everyone who uses its name. See
// the package comment for what it promises.
//
// Use NewChan. A Chan is safe for any number of goroutines.
type Chan[T any] struct {
	h      *hub.Handle
	values element.Of[T]
	source wait.List
	buffer int // 0 for no bound

	patient, hasty *batch.Merger // of Send and of TrySend
}

// NewChan names a channel. It does not talk to Redis and cannot fail: a name, a
// type or an option that cannot work is the error of every call.
func NewChan[T any](rdb redis.UniversalClient, name string, opts ...Option) *Chan[T] {
	s, err := gather(opts)
	values, valueErr := element.Messages[T](element.Scoped(s.codec, "chan", name))
	c := &Chan[T]{
		h:      hub.NewHandle(rdb, "channel.Chan", name, errors.Join(err, valueErr, keys.CheckTag(name))),
		values: values,
		source: wait.ListOf(name),
	}
	if s.buffer != nil {
		c.buffer = *s.buffer
	}
	c.patient, c.hasty = c.joint(true), c.joint(false)
	return c
}

// Key returns the Redis key of the values, which is the channel's name.
func (c *Chan[T]) Key() string { return keyOf(c.h) }

// Len returns how many values are in the channel. One LLEN, O(1).
func (c *Chan[T]) Len(ctx context.Context) (int, error) {
	n, err := count(ctx, c.h, "llen")
	return int(n), c.fail("Len", err)
}

// Exists reports whether values are in the channel: Redis deletes a list with
// its last element. One EXISTS, O(1).
func (c *Chan[T]) Exists(ctx context.Context) (bool, error) {
	n, err := count(ctx, c.h, "exists")
	return n > 0, c.fail("Exists", err)
}

// Clear deletes the channel: its values, the mark of [Chan.Close] and what
// wakes receivers and senders. One script, one round trip, atomic, sent once.
func (c *Chan[T]) Clear(ctx context.Context) error {
	return c.fail("Clear", unlink(ctx, c.h, c.source.Keys()...))
}

// Close closes the channel for everybody: sends fail with [desir.ErrClosed] from
// now on, receives do once it is empty. Processes that wait learn of it within
// a second. Closing again does nothing. One script, one round trip, atomic,
// sent once; after [desir.ErrMaybeRan] close again.
func (c *Chan[T]) Close(ctx context.Context) error {
	hub, err := c.h.Hub()
	if err == nil {
		_, err = closeScript.Run(ctx, hub, c.source.Keys(), wait.Flag(hub), wait.TokenLife.Milliseconds())
	}
	return c.fail("Close", err)
}

// Reopen takes the mark of [Chan.Close] away. UNLINK, inside a script: one round
// trip, sent once.
func (c *Chan[T]) Reopen(ctx context.Context) error {
	return c.fail("Reopen", unlink(ctx, c.h, c.source.Closed))
}

func (c *Chan[T]) fail(op string, err error) error { return failure(c.h, op, err) }
