package collections

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/element"
	"github.com/desir-go/desir/internal/hub"
	"github.com/desir-go/desir/internal/send"
)

const (
	updateTries    = 200                    // before ErrConflict
	updatePause    = 100 * time.Microsecond // after the first lost try; doubles
	updatePauseMax = 100 * time.Millisecond
)

// place is where an optimistic update reads and writes: what it found there,
// and the writes that happen only if that is still true.
type place struct {
	raw string
	ok  bool

	key, field string // for errors

	setNew   func(value string) (bool, error)
	swapIf   func(was, value string) (bool, error)
	deleteIf func(was string) (bool, error)
}

// update is the loop behind every Update. It compares the bytes it read, so it
// works with any codec.
func update[T any](ctx context.Context, e *element.Of[T], f func(T, bool) (T, bool, error), look func() (place, error)) (result T, err error) {
	var zero T
	pause := updatePause
	for range updateTries {
		p, err := look()
		if err != nil {
			return zero, unsent(err)
		}
		var old T
		if p.ok {
			if old, err = e.Decode(p.raw, p.key, p.field); err != nil {
				return zero, err
			}
		}
		v, keep, err := f(old, p.ok)
		if err != nil {
			return zero, err
		}
		if !keep {
			v = zero
		}
		done, err := write(p, e, v, keep)
		if err != nil {
			return zero, err
		}
		if done {
			return v, nil
		}
		if !send.Pause(ctx, pause) {
			return zero, unsent(ctx.Err())
		}
		pause = min(2*pause, updatePauseMax)
	}
	return zero, desir.ErrConflict
}

// latest reads a value for a write that compares it: at the master of its key, also if the
// client reads from replicas, where an old value can stay.
func latest(ctx context.Context, h *hub.Handle, read *redis.StringCmd) (raw string, ok bool, err error) {
	hub, err := h.Hub()
	if err != nil {
		return "", false, err
	}
	for try := 1; ; try++ {
		node, err := hub.Node(ctx, h.Key)
		if err != nil {
			return "", false, hub.Send.Explain(ctx, err)
		}
		switch err = hub.Send.ReadOn(ctx, node, read); {
		case err == nil:
			return read.Val(), true, nil
		case !moved(err) || try == pageTries || !send.Pause(ctx, pagePause):
			return "", false, send.Miss(err)
		}
		read.SetErr(nil)
	}
}

// unsent says of a write whose context ended before its turn that it was not
// executed: what was read for it does not know that.
func unsent(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return send.Fault(send.ErrUnavailable, err)
	}
	return err
}

// write brings the outcome of a caller's function to Redis, unless somebody
// was faster.
func write[T any](p place, e *element.Of[T], v T, keep bool) (done bool, err error) {
	switch {
	case !keep && !p.ok:
		return true, nil // absent, and to be absent: true at the moment of the read
	case !keep:
		return p.deleteIf(p.raw)
	}
	value, err := e.EncodeAt(p.field, v)
	switch {
	case err != nil:
		return false, err
	case p.ok:
		return p.swapIf(p.raw, value)
	default:
		return p.setNew(value)
	}
}
