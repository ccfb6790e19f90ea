package counter

import (
	"context"
	"iter"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/script"
)

// Counter is a number stored in a Redis string. All users of its name share it.
//
// Create a Counter with [New]. A Counter is safe for concurrent use and does not hold
// the number itself. A call that would overflow returns an error and leaves the value
// unchanged.
type Counter struct {
	desir.Object
	h     *clients.Handle
	start int64
}

// New returns the counter called name. It sends nothing and cannot fail. If the name is
// invalid, every call returns the error.
func New(rdb redis.UniversalClient, name string, opts ...Option) *Counter {
	s := newSettings(opts)
	h := clients.NewHandle(rdb, "counter.Counter", name, keys.Check(name)).Unbatched(s.unbatched)
	return &Counter{Object: newObject(h), h: h, start: s.start}
}

// Next adds 1 and returns the new value. No other caller gets the same number, as long
// as nothing lowers the value (see [Counter.Set]) and no failover loses it (see the
// package comment). Numbers may be missing in the sequence. Next costs and fails as
// [Counter.Add] does.
func (c *Counter) Next(ctx context.Context) (int64, error) {
	v, err := c.add(ctx, 1)
	return v, c.h.Fail("Next", err)
}

// Add adds n and returns the new value.
//
// Add sends one INCRBY, or shares one with concurrent calls. If the counter has a
// [Start], it runs one script instead. Either takes one round trip, is O(1) and atomic,
// and is sent once.
//
// After [desir.ErrMaybeRan] the number may have been added, and adding again may count it
// twice (see [Counter.AddOnce]). If the key does not hold a decimal number, the error is
// [desir.ErrWrongType].
func (c *Counter) Add(ctx context.Context, n int64) (int64, error) {
	v, err := c.add(ctx, n)
	return v, c.h.Fail("Add", err)
}

func (c *Counter) add(ctx context.Context, n int64) (int64, error) {
	if c.start == 0 {
		s, err := c.h.Sender()
		if err != nil {
			return 0, err
		}
		return s.IncrBy(ctx, c.h.Key, n)
	}
	reply, err := addFrom.RunOn(ctx, c.h, c.start, n)
	text, _ := reply.(string)
	return parseReply(c.h, text, err, 0)
}

// Value returns the value. A missing key counts as the counter's start. Value sends one
// GET and is O(1). If the key does not hold a decimal number, the error is a
// [*codec.DecodeError].
func (c *Counter) Value(ctx context.Context) (int64, error) {
	text, err := clients.Read(ctx, c.h, redis.NewStringCmd, "get")
	v, err := parseReply(c.h, text, err, c.start)
	return v, c.h.Fail("Value", err)
}

// Set stores n, replaces a value of any Redis type and removes an expiry. It sends one
// SET, once, and is O(1). If n is lower than the current value, numbers above n are
// issued again. If n is not lower, no number is issued twice.
func (c *Counter) Set(ctx context.Context, n int64) error {
	_, err := clients.Write(ctx, c.h, redis.NewStatusCmd, "set", n)
	return c.h.Fail("Set", err)
}

// Swap stores n, removes an expiry and returns the previous value. It sends one SET
// with GET, once, and is O(1) and atomic.
func (c *Counter) Swap(ctx context.Context, n int64) (old int64, err error) {
	text, err := clients.Write(ctx, c.h, redis.NewStringCmd, "set", n, "get")
	old, err = parseReply(c.h, text, err, c.start)
	return old, c.h.Fail("Swap", err)
}

// CompareAndSwap stores new if the value is old, and reports whether it did. A missing
// key counts as the counter's start. An expiry stays. CompareAndSwap runs one script in
// one round trip, sent once, and is O(1) and atomic.
func (c *Counter) CompareAndSwap(ctx context.Context, old, new int64) (bool, error) {
	reply, err := swapIf.RunOn(ctx, c.h, c.start, old, new)
	return reply == int64(1), c.h.Fail("CompareAndSwap", err)
}

// Numbers returns an endless sequence. Each step takes the next number, which is unique
// among all processes as for [Counter.Next], and costs what Next costs. The loop ends by
// break or at the first error, which is the last item. A number whose reply is lost is a
// gap.
func (c *Counter) Numbers(ctx context.Context) iter.Seq2[int64, error] {
	return numbers(func() (int64, error) {
		v, err := c.add(ctx, 1)
		return v, c.h.Fail("Numbers", err)
	})
}

// numbers yields what next returns until it fails.
func numbers(next func() (int64, error)) iter.Seq2[int64, error] {
	return func(yield func(int64, error) bool) {
		for {
			v, err := next()
			if err != nil {
				yield(0, err)
				return
			}
			if !yield(v, nil) {
				return
			}
		}
	}
}

// Clear deletes the counter and the tokens of [Counter.AddOnce]. It runs UNLINK in a
// script, in one round trip.
func (c *Counter) Clear(ctx context.Context) error {
	shared, err := c.h.Shared()
	if err == nil {
		all := []string{c.h.Key}
		if keys.CheckTag(c.h.Key) == nil {
			all = append(all, c.tokenKeys()...)
		}
		_, err = script.Unlink(ctx, shared, all...)
	}
	return c.h.Fail("Clear", err)
}
