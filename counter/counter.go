package counter

import (
	"context"
	"errors"
	"iter"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/hub"
	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/script"
)

// Counter is a number in a Redis string, shared by everyone who uses its name.
//
// Use New. A Counter is safe for any number of goroutines and holds no number
// itself. Overflow is an error of the call; the value stays.
type Counter struct {
	desir.Object
	h     *hub.Handle
	start int64
}

// New names a counter. It does not talk to Redis and cannot fail: a name that
// cannot work is the error of every call.
func New(rdb redis.UniversalClient, name string, opts ...Option) *Counter {
	s := gather(opts)
	h := hub.NewHandle(rdb, "counter.Counter", name, keys.Check(name)).Apart(s.apart)
	return &Counter{Object: newObject(h), h: h, start: s.start}
}

// Next adds 1 and returns the new value, which no other caller gets. It costs
// and fails as [Counter.Add].
func (c *Counter) Next(ctx context.Context) (int64, error) {
	v, err := c.add(ctx, 1)
	return v, c.fail("Next", err)
}

// Add adds n and returns the new value.
//
// One INCRBY, or a share of one, or one script if the counter has a [Start]: one
// round trip, O(1), atomic, sent once. After [desir.ErrMaybeRan] the number may have been added;
// repeating may count it twice (see [Counter.AddOnce]). A key that holds no
// decimal number is [desir.ErrWrongType].
func (c *Counter) Add(ctx context.Context, n int64) (int64, error) {
	v, err := c.add(ctx, n)
	return v, c.fail("Add", err)
}

func (c *Counter) add(ctx context.Context, n int64) (int64, error) {
	hub, err := c.h.Hub()
	if err != nil {
		return 0, err
	}
	if c.start == 0 {
		return hub.Send.IncrBy(ctx, c.h.Key, n)
	}
	answer, err := addFrom.Run(ctx, hub, []string{c.h.Key}, c.start, n)
	if err != nil {
		return 0, err
	}
	text, _ := answer.(string)
	return parse(c.h.Key, text)
}

// Value returns the value without changing it; a missing key is the counter's
// start. One GET, O(1). A key that holds no decimal number is a
// [*codec.DecodeError].
func (c *Counter) Value(ctx context.Context) (int64, error) {
	s, err := c.h.Send()
	if err != nil {
		return 0, c.fail("Value", err)
	}
	v, err := get(ctx, s, c.h.Key, c.start)
	return v, c.fail("Value", err)
}

// Set stores n, whatever the key held, and takes an expiry away. One SET, O(1),
// sent once. Numbers below n may be given out again; no number is, if n only
// grows.
func (c *Counter) Set(ctx context.Context, n int64) error {
	s, err := c.h.Send()
	if err == nil {
		err = s.Write(ctx, redis.NewStatusCmd(ctx, "set", c.h.Key, n))
	}
	return c.fail("Set", err)
}

// Swap stores n, takes an expiry away and returns the value before. One SET
// with GET, O(1), atomic, sent once.
func (c *Counter) Swap(ctx context.Context, n int64) (old int64, err error) {
	s, err := c.h.Send()
	if err != nil {
		return 0, c.fail("Swap", err)
	}
	cmd := redis.NewStringCmd(ctx, "set", c.h.Key, n, "get")
	switch err := s.Write(ctx, cmd); {
	case errors.Is(err, redis.Nil):
		return c.start, nil
	case err != nil:
		return 0, c.fail("Swap", err)
	}
	old, err = parse(c.h.Key, cmd.Val())
	return old, c.fail("Swap", err)
}

// CompareAndSwap stores new if the value is old, and reports whether it did;
// a missing key counts as the counter's start, and an expiry stays. One
// script, one round trip, O(1), atomic, sent once.
func (c *Counter) CompareAndSwap(ctx context.Context, old, new int64) (bool, error) {
	hub, err := c.h.Hub()
	if err != nil {
		return false, c.fail("CompareAndSwap", err)
	}
	answer, err := swapIf.Run(ctx, hub, []string{c.h.Key}, c.start, old, new)
	return answer == int64(1), c.fail("CompareAndSwap", err)
}

// Numbers takes the next number at every step, for ever: each is unique over
// all processes. It ends with an error, once and last, or by break. A number
// whose answer was lost is a gap. Every step costs what [Counter.Next] costs.
func (c *Counter) Numbers(ctx context.Context) iter.Seq2[int64, error] {
	return numbers(func() (int64, error) {
		v, err := c.add(ctx, 1)
		return v, c.fail("Numbers", err)
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

// Clear deletes the counter and the tokens of [Counter.AddOnce]. UNLINK, inside
// a script: one round trip.
func (c *Counter) Clear(ctx context.Context) error {
	hub, err := c.h.Hub()
	if err == nil {
		all := []string{c.h.Key}
		if keys.CheckTag(c.h.Key) == nil {
			all = append(all, c.tokenKeys()...)
		}
		_, err = script.Unlink(ctx, hub, all...)
	}
	return c.fail("Clear", err)
}

func (c *Counter) fail(op string, err error) error { return c.h.Fail(op, err) }
