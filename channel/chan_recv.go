package channel

import (
	"context"
	"iter"
)

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
	raw, err := receive(ctx, c.h, c.source.Source, 1)
	if err != nil {
		return v, err
	}
	return c.values.Decode(raw[0], c.source.Values, "")
}

// RecvMany takes up to limit values, about 256 KiB of them at most, and waits for the
// first: the good ones in order, and joined errors for bytes that are no T, which are consumed.
// Otherwise as [Chan.Recv]; a crash may lose all it was about to get.
func (c *Chan[T]) RecvMany(ctx context.Context, limit int) ([]T, error) {
	if limit < 1 {
		return nil, nil
	}
	raw, err := receive(ctx, c.h, c.source.Source, limit)
	if err != nil {
		return nil, c.fail("RecvMany", err)
	}
	vs, err := c.values.DecodeAll(raw, c.source.Values)
	return vs, c.fail("RecvMany", err)
}

// TryRecv takes the next value if there is one, and does not wait for it. It
// fails as [Chan.Recv] does, and with [desir.ErrMaybeRan] where the answer was lost: a value
// may be, too. One script, one round trip, O(1), sent once; a
// value that arrives after the context has ended goes back.
func (c *Chan[T]) TryRecv(ctx context.Context) (v T, ok bool, err error) {
	v, ok, err = c.tryRecv(ctx)
	return v, ok, c.fail("TryRecv", err)
}

func (c *Chan[T]) tryRecv(ctx context.Context) (v T, ok bool, err error) {
	raw, ok, err := tryReceive(ctx, c.h, c.source.Source)
	if err != nil || !ok {
		return v, false, err
	}
	v, err = c.values.Decode(raw, c.source.Values, "")
	return v, err == nil, err
}

// All yields values as they come. It ends silently when the channel is closed
// and empty, or after [Idle]. A value that does not decode comes as a
// [*codec.DecodeError], and the loop may go on; any other error is the last.
// break loses nothing. It takes one value for each turn; [Prefetch] lets it take more.
func (c *Chan[T]) All(ctx context.Context, opts ...LoopOption) iter.Seq2[T, error] {
	return each(ctx, c.h, c.source.Source, opts, func(raw string) (T, error) {
		return c.values.Decode(raw, c.source.Values, "")
	}, func(err error) error { return c.fail("All", err) })
}
