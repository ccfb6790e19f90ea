package counter

import (
	"context"
	"errors"
	"math"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/coded"
	"github.com/desir-go/desir/internal/hub"
	"github.com/desir-go/desir/internal/keys"
)

// ErrBound says that a [Bounded] or a [Window] would have left its bounds.
// Nothing was changed.
var ErrBound = coded.New("beyond a bound; nothing was changed", coded.OutOfRange)

// Bounded is a number between two bounds in a Redis string, shared by everyone
// who uses its name: seats, stock, credit.
//
// Use NewBounded. A Bounded is safe for any number of goroutines and holds no
// number itself. The bounds are what this process believes; a process with
// other ones, or a plain INCRBY, may bring the value beyond them. Then Add still
// takes what moves it towards them.
type Bounded struct {
	desir.Object
	h      *hub.Handle
	lo, hi int64
}

// NewBounded names a number from lo to hi, both included. A missing key counts
// as 0, or as the bound nearest to 0. It does not talk to Redis and cannot fail:
// a name that cannot work, or a lo above hi, is the error of every call.
func NewBounded(rdb redis.UniversalClient, name string, lo, hi int64) *Bounded {
	err := keys.Check(name)
	if lo > hi {
		err = errors.Join(err, errBounds)
	}
	h := hub.NewHandle(rdb, "counter.Bounded", name, err)
	return &Bounded{Object: newObject(h), h: h, lo: lo, hi: hi}
}

var errBounds = errors.New("the lower bound is above the upper one")

// Add adds n and returns the new value. If a positive n would bring it above
// the upper bound, or a negative one below the lower, the error is [ErrBound]
// with the value as it stays.
//
// One script, one round trip, O(1), atomic, exact over all of int64, sent once:
// after [desir.ErrMaybeRan] look before adding again. A key that holds no
// decimal number is [desir.ErrWrongType].
func (b *Bounded) Add(ctx context.Context, n int64) (int64, error) {
	v, err := b.add(ctx, n)
	return v, b.fail("Add", err)
}

func (b *Bounded) add(ctx context.Context, n int64) (int64, error) {
	hub, err := b.h.Hub()
	if err != nil {
		return 0, err
	}
	low, high := b.room(n)
	answer, err := addWithin.Run(ctx, hub, []string{b.h.Key}, b.start(), n, low, high)
	if err != nil {
		return 0, err
	}
	parts, _ := answer.([]any)
	text, _ := parts[1].(string)
	v, err := parse(b.h.Key, text)
	if err == nil && parts[0] != int64(1) {
		err = ErrBound
	}
	return v, err
}

// room returns which values n may be added to, so that the script has nothing
// to compute. There may be none: low is above high then.
func (b *Bounded) room(n int64) (low, high int64) {
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

// start is the value of a missing key.
func (b *Bounded) start() int64 { return min(max(0, b.lo), b.hi) }

// Value returns the value without changing it. One GET, O(1). A key that holds
// no decimal number is a [*codec.DecodeError].
func (b *Bounded) Value(ctx context.Context) (int64, error) {
	s, err := b.h.Send()
	if err != nil {
		return 0, b.fail("Value", err)
	}
	v, err := get(ctx, s, b.h.Key, b.start())
	return v, b.fail("Value", err)
}

// Set stores n, whatever the key held, and takes an expiry away. One SET, O(1),
// sent once. An n beyond a bound is [ErrBound], and nothing is sent.
func (b *Bounded) Set(ctx context.Context, n int64) error {
	s, err := b.h.Send()
	switch {
	case err != nil:
	case n < b.lo || n > b.hi:
		err = ErrBound
	default:
		err = s.Write(ctx, redis.NewStatusCmd(ctx, "set", b.h.Key, n))
	}
	return b.fail("Set", err)
}

func (b *Bounded) fail(op string, err error) error { return b.h.Fail(op, err) }
