package counter

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/hub"
	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/send"
)

// IDs gives out numbers that differ over all processes. It reserves a block of
// them with one command and hands them out without asking again, so numbers of
// two processes interleave by blocks, and a process that ends wastes the rest
// of its block.
//
// Use NewIDs. An IDs is safe for any number of goroutines.
type IDs struct {
	desir.Object
	counter *Counter
	h       *hub.Handle
	block   int64

	turn       chan struct{} // held by the caller that takes or reserves
	last, left int64         // of the block in hand: its last number, and how many are left
}

// NewIDs names a source of numbers that reserves block of them at a time,
// block ≥ 1. Its key is a counter: the last number reserved by anybody.
func NewIDs(rdb redis.UniversalClient, name string, block int64, opts ...Option) *IDs {
	err := keys.Check(name)
	if block < 1 {
		err = errors.Join(err, errBlock)
	}
	s := gather(opts)
	h := hub.NewHandle(rdb, "counter.IDs", name, err).Apart(s.apart)
	o := newObject(h)
	return &IDs{
		Object:  o,
		counter: &Counter{Object: o, h: h, start: s.start},
		h:       h,
		block:   block,
		turn:    make(chan struct{}, 1),
	}
}

var errBlock = errors.New("a block has at least one number")

// Next returns a number that nobody else gets. It waits for the server only
// when the block in hand is used up: then one INCRBY (see [Counter.Add]), sent
// once, while other callers wait for it. After [desir.ErrMaybeRan] a block may
// be lost: a gap, nothing else.
func (s *IDs) Next(ctx context.Context) (int64, error) {
	v, err := s.take(ctx)
	return v, s.fail("Next", err)
}

func (s *IDs) take(ctx context.Context) (int64, error) {
	if s.turn == nil {
		_, err := s.h.Hub() // not made by NewIDs
		return 0, err
	}
	if err := ctx.Err(); err != nil {
		return 0, send.Fault(send.ErrUnavailable, err) // nothing was reserved
	}
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return 0, send.Fault(send.ErrUnavailable, ctx.Err())
	}
	defer func() { <-s.turn }()
	if s.left == 0 {
		last, err := s.counter.add(ctx, s.block)
		if err != nil {
			return 0, err
		}
		if last < math.MinInt64+s.block {
			return 0, fmt.Errorf("the counter is at %d, too low for a block", last)
		}
		s.last, s.left = last, s.block
	}
	s.left--
	return s.last - s.left, nil
}

// Numbers takes the next number at every step, for ever. It ends with an
// error, once and last, or by break.
func (s *IDs) Numbers(ctx context.Context) iter.Seq2[int64, error] {
	return numbers(func() (int64, error) {
		v, err := s.take(ctx)
		return v, s.fail("Numbers", err)
	})
}

func (s *IDs) fail(op string, err error) error { return s.h.Fail(op, err) }
