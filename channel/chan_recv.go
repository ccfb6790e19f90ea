package channel

import (
	"context"
	"iter"
)

// Recv takes the next value. It waits until there is one. If a value has arrived when the
// context ends, Recv returns it. If a value is in flight to it, Recv waits up to 50 ms for
// it. A value that arrives later is not lost: it goes to another receiver or back to the head
// of the channel.
//
// Recv fails with [desir.ErrClosed] when the channel is closed and empty. It fails with a
// [*codec.DecodeError] if the stored bytes do not decode as a T. Those bytes are consumed,
// and Recv may be called again.
//
// All receivers of a client wait on one connection; see the package comment.
func (c *Chan[T]) Recv(ctx context.Context) (T, error) {
	v, err := c.recv(ctx)
	return v, c.h.Fail("Recv", err)
}

func (c *Chan[T]) recv(ctx context.Context) (v T, err error) {
	raw, err := receive(ctx, c.h, c.source.Source, 1)
	if err != nil {
		return v, err
	}
	return c.values.Decode(raw[0], c.source.Values, "")
}

// RecvMany takes up to limit values, and about 256 KiB at most. It waits for the first
// value. It returns the decoded values in order, and the joined errors of the values that do
// not decode as a T. Those values are consumed. With a limit below 1 it returns nothing.
//
// Otherwise RecvMany behaves as [Chan.Recv]. A crash can lose all values that it was about
// to return.
func (c *Chan[T]) RecvMany(ctx context.Context, limit int) ([]T, error) {
	if limit < 1 {
		return nil, nil
	}
	raw, err := receive(ctx, c.h, c.source.Source, limit)
	if err != nil {
		return nil, c.h.Fail("RecvMany", err)
	}
	vs, err := c.values.DecodeAll(raw, c.source.Values)
	return vs, c.h.Fail("RecvMany", err)
}

// TryRecv takes the next value if there is one. It does not wait for a value.
//
// It runs one script: one round trip, O(1), sent once. If the context ends while the
// script is in flight, TryRecv waits up to 50 ms for the value. A value that arrives
// later goes back to the head of the channel. TryRecv fails as [Chan.Recv] does. If the
// reply is lost, it fails with [desir.ErrMaybeRan], and a value may be lost with it.
func (c *Chan[T]) TryRecv(ctx context.Context) (v T, ok bool, err error) {
	v, ok, err = c.tryRecv(ctx)
	return v, ok, c.h.Fail("TryRecv", err)
}

func (c *Chan[T]) tryRecv(ctx context.Context) (v T, ok bool, err error) {
	raw, ok, err := tryReceive(ctx, c.h, c.source.Source)
	if err != nil || !ok {
		return v, false, err
	}
	v, err = c.values.Decode(raw, c.source.Values, "")
	return v, err == nil, err
}

// All returns an iterator that receives values as they arrive. It stops without an error
// when the channel is closed and empty, or after [Idle]. Breaking out of the loop loses
// nothing.
//
// A value that does not decode is yielded as a [*codec.DecodeError], and the loop may
// continue. Any other error is the last one that is yielded. The loop takes one value for
// each iteration; [Prefetch] lets it take several at once.
func (c *Chan[T]) All(ctx context.Context, opts ...LoopOption) iter.Seq2[T, error] {
	return receiveAll(ctx, c.h, c.source.Source, opts, func(raw string) (T, error) {
		return c.values.Decode(raw, c.source.Values, "")
	})
}
