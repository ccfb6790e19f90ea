package channel

import (
	"context"
	"errors"
	"iter"

	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/wait"
)

// receive takes up to limit values of a source. It waits for at least one.
func receive(ctx context.Context, h *clients.Handle, s wait.Source, limit int) ([]string, error) {
	shared, err := h.Shared()
	if err != nil {
		return nil, err
	}
	return wait.Of(shared).Receive(ctx, s, limit)
}

// tryReceive takes a value of a source if there is one.
func tryReceive(ctx context.Context, h *clients.Handle, s wait.Source) (raw string, ok bool, err error) {
	shared, err := h.Shared()
	if err != nil {
		return "", false, err
	}
	values, err := wait.Of(shared).Try(ctx, s, 1)
	if err != nil || len(values) == 0 {
		return "", false, err
	}
	return values[0], true, nil
}

// loopReceiver takes the values of one loop, and keeps the prefetched ones.
type loopReceiver struct {
	loopSettings
	h          *clients.Handle
	source     wait.Source
	prefetched *wait.Prefetched // nil if none is kept
}

// next returns the next value. It waits at most as long as the loop's options allow.
func (t *loopReceiver) next(ctx context.Context) (string, error) {
	if t.err != nil {
		return "", t.err
	}
	if t.prefetched == nil {
		return t.take(ctx)
	}
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if raw, ok := t.prefetched.Next(); ok {
		return raw, nil
	}
	t.prefetched = nil
	return t.take(ctx)
}

// take waits for values, returns the first one and keeps the others.
func (t *loopReceiver) take(ctx context.Context) (string, error) {
	shared, err := t.h.Shared()
	if err != nil {
		return "", err
	}
	w, limit := wait.Of(shared), max(t.prefetch, 1)
	var values []string
	if t.hasIdle {
		values, err = w.ReceiveWithin(ctx, t.source, limit, t.idle)
	} else {
		values, err = w.Receive(ctx, t.source, limit)
	}
	if err != nil {
		return "", err
	}
	if len(values) > 1 {
		t.prefetched = w.Prefetched(t.source, values[1:])
	}
	return values[0], nil
}

// close requeues the kept values.
func (t *loopReceiver) close(ctx context.Context) {
	if t.prefetched != nil {
		t.prefetched.Requeue(ctx)
	}
}

// receiveAll iterates over the values of a source until the source is closed or the loop is
// idle for too long. read decodes a stored value.
func receiveAll[T any](ctx context.Context, h *clients.Handle, s wait.Source, opts []LoopOption, read func(string) (T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		t := loopReceiver{loopSettings: newLoopSettings(opts), h: h, source: s}
		defer t.close(ctx)
		for {
			var v T
			raw, err := t.next(ctx)
			if err == nil {
				v, err = read(raw)
			}
			switch {
			case errors.Is(err, wait.ErrClosed), errors.Is(err, wait.ErrIdle):
				return
			case err != nil:
				if !yield(v, h.Fail("All", err)) || !isItemError(err) {
					return
				}
			case !yield(v, nil):
				return
			}
		}
	}
}

// isItemError reports whether an error concerns only one item of a loop.
func isItemError(err error) bool {
	_, ok := errors.AsType[*codec.DecodeError](err)
	return ok
}
