package channel

import (
	"context"
	"errors"
	"iter"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/hub"
	"github.com/desir-go/desir/internal/wait"
)

// receive waits for up to limit values of a source, at least one.
func receive(ctx context.Context, h *hub.Handle, s wait.Source, limit int) ([]string, error) {
	hub, err := h.Hub()
	if err != nil {
		return nil, err
	}
	return wait.Of(hub).Receive(ctx, s, limit)
}

// tryReceive takes a value of a source if there is one.
func tryReceive(ctx context.Context, h *hub.Handle, s wait.Source) (raw string, ok bool, err error) {
	hub, err := h.Hub()
	if err != nil {
		return "", false, err
	}
	values, err := wait.Of(hub).Try(ctx, s, 1)
	if err != nil || len(values) == 0 {
		return "", false, err
	}
	return values[0], true, nil
}

// intake is what a loop takes from a source, and has taken before its body asked.
type intake struct {
	loop
	h    *hub.Handle
	s    wait.Source
	kept *wait.Ahead
}

// next returns the next value, and waits for one as long as the loop may.
func (t *intake) next(ctx context.Context) (string, error) {
	if t.err != nil {
		return "", t.err
	}
	if t.kept == nil {
		return t.take(ctx)
	}
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if raw, ok := t.kept.Next(); ok {
		return raw, nil
	}
	t.kept = nil
	return t.take(ctx)
}

// take waits for values, returns the first one and keeps the others.
func (t *intake) take(ctx context.Context) (string, error) {
	hub, err := t.h.Hub()
	if err != nil {
		return "", err
	}
	w, limit := wait.Of(hub), max(t.prefetch, 1)
	var values []string
	if t.limit {
		values, err = w.ReceiveWithin(ctx, t.s, limit, t.idle)
	} else {
		values, err = w.Receive(ctx, t.s, limit)
	}
	if err != nil {
		return "", err
	}
	if len(values) > 1 {
		t.kept = w.Ahead(t.s, values[1:])
	}
	return values[0], nil
}

// end requeues what the body has not asked for.
func (t *intake) end(ctx context.Context) {
	if t.kept != nil {
		t.kept.Return(ctx)
	}
}

// each is the loop over a source, until that is closed or the loop's patience is
// over. read makes values of what is stored, and fail the caller's errors.
func each[T any](ctx context.Context, h *hub.Handle, s wait.Source, opts []LoopOption, read func(string) (T, error), fail func(error) error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		t := intake{loop: loopOf(opts), h: h, s: s}
		defer t.end(ctx)
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
				if !yield(v, fail(err)) || !ofOneItem(err) {
					return
				}
			case !yield(v, nil):
				return
			}
		}
	}
}

// ofOneItem reports whether an error concerns one item of a loop only.
func ofOneItem(err error) bool {
	_, ok := errors.AsType[*codec.DecodeError](err)
	return ok
}

// failure is err as the error of an operation of the object behind h.
func failure(h *hub.Handle, op string, err error) error {
	if errors.Is(err, wait.ErrClosed) {
		err = desir.ErrClosed
	}
	return h.Fail(op, err)
}
