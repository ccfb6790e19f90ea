package counter

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/send"
)

// IDs issues numbers that are unique among all processes. It reserves a block of numbers
// with one command and issues them without further commands. The numbers of two processes
// interleave in blocks. A process that ends wastes the rest of its block.
//
// Create an IDs with [NewIDs]. An IDs is safe for concurrent use.
type IDs struct {
	desir.Object
	counter *Counter
	h       *clients.Handle
	block   int64

	sem             chan struct{} // a lock for last and left that respects contexts
	last, remaining int64         // the last number of the current block, and how many remain
}

// NewIDs returns the source of numbers called name. It reserves block numbers at a time;
// block must be at least 1. The key holds a counter with the last number that any process
// has reserved.
//
// NewIDs sends nothing and cannot fail. If the name or block is invalid, every call
// returns the error.
func NewIDs(rdb redis.UniversalClient, name string, block int64, opts ...Option) *IDs {
	err := keys.Check(name)
	if block < 1 {
		err = errors.Join(err, errBlock)
	}
	s := newSettings(opts)
	h := clients.NewHandle(rdb, "counter.IDs", name, err).Unbatched(s.unbatched)
	o := newObject(h)
	return &IDs{
		Object:  o,
		counter: &Counter{Object: o, h: h, start: s.start},
		h:       h,
		block:   block,
		sem:     make(chan struct{}, 1),
	}
}

var errBlock = errors.New("a block must have at least one number")

// Next returns a number that no other caller gets, with the exceptions that the package
// comment states. It uses the server only when the current block is used up: it then
// reserves a block with one INCRBY, sent once (see [Counter.Add]), and other callers wait
// for it. After [desir.ErrMaybeRan] a block may
// be lost, which leaves a gap and has no other effect.
func (s *IDs) Next(ctx context.Context) (int64, error) {
	v, err := s.take(ctx)
	return v, s.h.Fail("Next", err)
}

func (s *IDs) take(ctx context.Context) (int64, error) {
	if s.sem == nil {
		_, err := s.h.Shared() // not made by NewIDs
		return 0, err
	}
	if err := ctx.Err(); err != nil {
		return 0, send.WithClass(send.ErrUnavailable, err) // nothing was reserved
	}
	select {
	case s.sem <- struct{}{}:
	case <-ctx.Done():
		return 0, send.WithClass(send.ErrUnavailable, ctx.Err())
	}
	defer func() { <-s.sem }()
	if s.remaining == 0 {
		last, err := s.counter.add(ctx, s.block)
		if err != nil {
			return 0, err
		}
		if last < math.MinInt64+s.block {
			return 0, fmt.Errorf("the counter is at %d, which is too low for a block", last)
		}
		s.last, s.remaining = last, s.block
	}
	s.remaining--
	return s.last - s.remaining, nil
}

// Numbers returns an endless sequence. Each step takes the next number as [IDs.Next]
// does. The loop ends by break or at the first error, which is the last item.
func (s *IDs) Numbers(ctx context.Context) iter.Seq2[int64, error] {
	return numbers(func() (int64, error) {
		v, err := s.take(ctx)
		return v, s.h.Fail("Numbers", err)
	})
}
