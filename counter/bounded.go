package counter

import (
	"context"
	"errors"
	"math"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/coded"
	"github.com/desir-go/desir/internal/keys"
)

// ErrBound means that the call would have moved a [Bounded] or a [Window] out of its
// bounds. Nothing was changed.
var ErrBound = coded.New("out of bounds; nothing was changed", coded.OutOfRange)

// Bounded is a number between two bounds, stored in a Redis string. All users of its name
// share it. Use it for seats, stock or credit.
//
// Create a Bounded with [NewBounded]. A Bounded is safe for concurrent use and does not
// hold the number itself.
//
// The bounds are settings of this process and are not stored. A process with other
// bounds, or a plain INCRBY, may move the value out of them. Add then still accepts
// additions that move the value towards the bounds.
type Bounded struct {
	desir.Object
	h      *clients.Handle
	lo, hi int64
}

// NewBounded returns the number called name with bounds from lo to hi, both included. A
// missing key counts as 0, or as the bound nearest to 0.
//
// NewBounded sends nothing and cannot fail. If the name is invalid or lo is above hi,
// every call returns the error.
func NewBounded(rdb redis.UniversalClient, name string, lo, hi int64) *Bounded {
	err := keys.Check(name)
	if lo > hi {
		err = errors.Join(err, errBounds)
	}
	h := clients.NewHandle(rdb, "counter.Bounded", name, err)
	return &Bounded{Object: newObject(h), h: h, lo: lo, hi: hi}
}

var errBounds = errors.New("the lower bound is above the upper bound")

// Add adds n and returns the new value. If a positive n would move the value above the
// upper bound, or a negative n below the lower bound, Add changes nothing and returns
// the current value with [ErrBound].
//
// Add runs one script in one round trip. It is O(1), atomic and exact over all of
// int64, and it is sent once. After [desir.ErrMaybeRan], check the value before adding
// again. If the key does not hold a decimal number, the error is [desir.ErrWrongType].
func (b *Bounded) Add(ctx context.Context, n int64) (int64, error) {
	v, err := b.add(ctx, n)
	return v, b.h.Fail("Add", err)
}

func (b *Bounded) add(ctx context.Context, n int64) (int64, error) {
	low, high := b.allowed(n)
	reply, err := addWithin.RunOn(ctx, b.h, b.start(), n, low, high)
	if err != nil {
		return 0, err
	}
	parts, _ := reply.([]any)
	text, _ := parts[1].(string)
	v, err := parse(b.h.Key, text)
	if err == nil && parts[0] != int64(1) {
		err = ErrBound
	}
	return v, err
}

// allowed returns the range of values that n may be added to, which saves the script the
// computation. If there are none, low is above high.
func (b *Bounded) allowed(n int64) (low, high int64) {
	low, high = math.MinInt64, math.MaxInt64
	switch {
	case n > 0 && b.hi < math.MinInt64+n, n < 0 && b.lo > math.MaxInt64+n:
		return high, low
	case n > 0:
		high = b.hi - n
	case n < 0:
		low = b.lo - n
	}
	return low, high
}

// start returns the value of a missing key.
func (b *Bounded) start() int64 { return min(max(0, b.lo), b.hi) }

// Value returns the value. It sends one GET and is O(1). If the key does not hold a
// decimal number, the error is a [*codec.DecodeError].
func (b *Bounded) Value(ctx context.Context) (int64, error) {
	text, err := clients.Read(ctx, b.h, redis.NewStringCmd, "get")
	v, err := parseReply(b.h, text, err, b.start())
	return v, b.h.Fail("Value", err)
}

// Set stores n, replaces a value of any Redis type and removes an expiry. It sends one
// SET, once, and is O(1). If n is out of bounds, Set sends nothing and returns
// [ErrBound].
func (b *Bounded) Set(ctx context.Context, n int64) error {
	_, err := b.h.Shared()
	switch {
	case err != nil:
	case n < b.lo || n > b.hi:
		err = ErrBound
	default:
		_, err = clients.Write(ctx, b.h, redis.NewStatusCmd, "set", n)
	}
	return b.h.Fail("Set", err)
}
