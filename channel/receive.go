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

// receive waits for a value of a source as long as the loop may.
func (l loop) receive(ctx context.Context, h *hub.Handle, s wait.Source) (string, error) {
	hub, err := h.Hub()
	if err != nil {
		return "", err
	}
	var values []string
	if l.limit {
		values, err = wait.Of(hub).ReceiveWithin(ctx, s, 1, l.idle)
	} else {
		values, err = wait.Of(hub).Receive(ctx, s, 1)
	}
	if err != nil {
		return "", err
	}
	return values[0], nil
}

// each is the loop over what next brings, until its source is closed or the
// loop's patience is over. fail makes the caller's errors.
func each[T any](next func() (T, error), fail func(error) error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for {
			v, err := next()
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
	return desir.Fail(h, op, err)
}
