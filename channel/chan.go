package channel

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/batch"
	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/stored"
	"github.com/desir-go/desir/internal/wait"
)

// Chan is a channel stored in a Redis list. All processes that use the same name share it.
// See the package comment for its guarantees.
//
// Create a Chan with [NewChan]. It is safe for concurrent use.
type Chan[T any] struct {
	h      *clients.Handle
	values stored.Codec[T]
	source wait.List
	buffer int // 0 for no bound

	sends, trySends *batch.Merger // of Send and of TrySend
}

// NewChan returns the channel called name. It does not contact Redis and does not fail. If
// the name, the type or an option is invalid, every call returns that error.
func NewChan[T any](rdb redis.UniversalClient, name string, opts ...Option) *Chan[T] {
	s, err := newSettings(opts)
	values, valueErr := stored.Messages[T](stored.Scope(s.codec, "chan", name))
	c := &Chan[T]{
		h:      clients.NewHandle(rdb, "channel.Chan", name, errors.Join(err, valueErr, keys.CheckTag(name))),
		values: values,
		source: wait.ListOf(name),
	}
	if s.buffer != nil {
		c.buffer = *s.buffer
	}
	c.sends, c.trySends = c.newMerger(true), c.newMerger(false)
	return c
}

// Key returns the Redis key of the values. It is the channel's name.
func (c *Chan[T]) Key() string { return keyOf(c.h) }

// Len returns the number of values in the channel. It sends one LLEN, O(1).
func (c *Chan[T]) Len(ctx context.Context) (int, error) {
	n, err := clients.Read(ctx, c.h, redis.NewIntCmd, "llen")
	return int(n), c.h.Fail("Len", err)
}

// Exists reports whether the channel contains values. Redis deletes a list when its last
// element is removed. Exists sends one EXISTS, O(1).
func (c *Chan[T]) Exists(ctx context.Context) (bool, error) {
	n, err := clients.Read(ctx, c.h, redis.NewIntCmd, "exists")
	return n > 0, c.h.Fail("Exists", err)
}

// Clear deletes the channel: its values, the mark of [Chan.Close], and the keys that wake
// receivers and senders. It runs one script: one round trip, atomic, sent once.
func (c *Chan[T]) Clear(ctx context.Context) error {
	return c.h.Fail("Clear", unlink(ctx, c.h, c.source.Keys()...))
}

// Close closes the channel for all processes. From then on sends fail with
// [desir.ErrClosed]. Receives fail with it when the channel is empty. Waiting processes
// notice within one second. Closing a closed channel does nothing.
//
// Close runs one script: one round trip, atomic, sent once. After [desir.ErrMaybeRan], call
// Close again.
func (c *Chan[T]) Close(ctx context.Context) error {
	shared, err := c.h.Shared()
	if err == nil {
		_, err = closeScript.Run(ctx, shared, c.source.Keys(), wait.WakeMode(shared), wait.TokenTTL.Milliseconds())
	}
	return c.h.Fail("Close", err)
}

// Reopen removes the mark of [Chan.Close]. It runs UNLINK in a script: one round trip, sent
// once.
func (c *Chan[T]) Reopen(ctx context.Context) error {
	return c.h.Fail("Reopen", unlink(ctx, c.h, c.source.Closed))
}
