package channel

import (
	"context"
	"errors"
	"iter"

	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/wait"
)

// ofOneItem reports whether an error concerns one item of a loop only.
func ofOneItem(err error) bool {
	_, ok := errors.AsType[*codec.DecodeError](err)
	return ok
}

// Recv takes the next value and waits for it. It fails with [desir.ErrClosed]
// when the channel is closed and empty, and with a [*codec.DecodeError] for
// bytes that are no T, which are consumed: Recv may be called again. A value
// that is there when the context ends is returned; otherwise nothing was taken.
//
// All receivers of a client wait on one connection; see the package comment.
func (c *Chan[T]) Recv(ctx context.Context) (T, error) {
	v, err := c.recv(ctx)
	return v, c.fail("Recv", err)
}

func (c *Chan[T]) recv(ctx context.Context) (v T, err error) {
	raw, err := c.receive(ctx, 1)
	if err != nil {
		return v, err
	}
	return c.values.Decode(raw[0], c.source.Values, "")
}

func (c *Chan[T]) receive(ctx context.Context, limit int) ([]string, error) {
	hub, err := c.h.Hub()
	if err != nil {
		return nil, err
	}
	return wait.Of(hub).Receive(ctx, c.source.Source, limit)
}

// RecvMany takes up to limit values, and waits for the first: the good ones in
// order, and joined errors for bytes that are no T, which are consumed.
// Otherwise as [Chan.Recv]; a crash may lose all it was about to get.
func (c *Chan[T]) RecvMany(ctx context.Context, limit int) ([]T, error) {
	if limit < 1 {
		return nil, nil
	}
	raw, err := c.receive(ctx, limit)
	if err != nil {
		return nil, c.fail("RecvMany", err)
	}
	vs, err := c.values.DecodeAll(raw, c.source.Values)
	return vs, c.fail("RecvMany", err)
}

// TryRecv takes the next value if there is one, and does not wait for it. It
// fails as [Chan.Recv] does. One script, one round trip, O(1), sent once; a
// value that arrives after the context has ended goes back.
func (c *Chan[T]) TryRecv(ctx context.Context) (v T, ok bool, err error) {
	v, ok, err = c.tryRecv(ctx)
	return v, ok, c.fail("TryRecv", err)
}

func (c *Chan[T]) tryRecv(ctx context.Context) (v T, ok bool, err error) {
	hub, err := c.h.Hub()
	if err != nil {
		return v, false, err
	}
	raw, err := wait.Of(hub).Try(ctx, c.source.Source, 1)
	if err != nil || len(raw) == 0 {
		return v, false, err
	}
	v, err = c.values.Decode(raw[0], c.source.Values, "")
	return v, err == nil, err
}

// All yields values as they come. It ends silently when the channel is closed
// and empty, or after [Idle]. A value that does not decode comes as a
// [*codec.DecodeError], and the loop may go on; any other error is the last.
// break loses nothing.
func (c *Chan[T]) All(ctx context.Context, opts ...LoopOption) iter.Seq2[T, error] {
	l := loopOf(opts)
	return func(yield func(T, error) bool) {
		for {
			v, err := c.next(ctx, l)
			switch {
			case errors.Is(err, wait.ErrClosed), errors.Is(err, wait.ErrIdle):
				return
			case err != nil:
				if !yield(v, c.fail("All", err)) || !ofOneItem(err) {
					return
				}
			case !yield(v, nil):
				return
			}
		}
	}
}

// next waits for a value as long as the loop may.
func (c *Chan[T]) next(ctx context.Context, l loop) (v T, err error) {
	if !l.limit {
		return c.recv(ctx)
	}
	hub, err := c.h.Hub()
	if err != nil {
		return v, err
	}
	raw, err := wait.Of(hub).ReceiveWithin(ctx, c.source.Source, 1, l.idle)
	if err != nil {
		return v, err
	}
	return c.values.Decode(raw[0], c.source.Values, "")
}
