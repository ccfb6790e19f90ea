package collections

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/backoff"
	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/send"
	"github.com/desir-go/desir/internal/stored"
)

const maxUpdateAttempts = 200 // before ErrConflict

// updatePauses are the pauses after tries that another writer has won.
var updatePauses = backoff.Range{First: 100 * time.Microsecond, Last: 100 * time.Millisecond}

// casTarget holds the value that an optimistic update has read, and the writes that take
// effect only if the value is unchanged.
type casTarget struct {
	raw string
	ok  bool

	key, field string // for error texts

	setNew   func(value string) (bool, error)
	swapIf   func(was, value string) (bool, error)
	deleteIf func(was string) (bool, error)
}

// update is the loop of every Update. It compares the bytes that it has read, so it works
// with any codec.
func update[T any](ctx context.Context, c *stored.Codec[T], f func(T, bool) (T, bool, error), read func() (casTarget, error)) (result T, err error) {
	var zero T
	pause := updatePauses.Start()
	for range maxUpdateAttempts {
		p, err := read()
		if err != nil {
			return zero, unsent(err)
		}
		var old T
		if p.ok {
			if old, err = c.Decode(p.raw, p.key, p.field); err != nil {
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
		done, err := storeIfUnchanged(p, c, v, keep)
		if err != nil {
			return zero, err
		}
		if done {
			return v, nil
		}
		if !pause.Wait(ctx) {
			return zero, unsent(ctx.Err())
		}
	}
	return zero, desir.ErrConflict
}

// readFromMaster reads a value from the master of its key, even if the client reads from
// replicas. A compare-and-swap with a stale value from a replica might never succeed.
func readFromMaster(ctx context.Context, h *clients.Handle, read *redis.StringCmd) (raw string, ok bool, err error) {
	shared, err := h.Shared()
	if err != nil {
		return "", false, err
	}
	pause := pagePauses.Start()
	for attempt := 1; ; attempt++ {
		node, err := shared.Node(ctx, h.Key)
		if err != nil {
			return "", false, shared.Sender.Classify(ctx, err)
		}
		switch err = shared.Sender.ReadOn(ctx, node, read); {
		case err == nil:
			return read.Val(), true, nil
		case !send.SlotMoved(err) || attempt == maxPageAttempts || !pause.Wait(ctx):
			return "", false, send.IgnoreNil(err)
		}
		read.SetErr(nil)
	}
}

// unsent adds ErrUnavailable to a context's error from before the write was sent. The
// read that returned the error does not know that a write follows.
func unsent(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return send.WithClass(send.ErrUnavailable, err)
	}
	return err
}

// storeIfUnchanged stores the result of the caller's function, unless the value has
// changed.
func storeIfUnchanged[T any](p casTarget, c *stored.Codec[T], v T, keep bool) (done bool, err error) {
	switch {
	case !keep && !p.ok:
		return true, nil // the value was already absent at the moment of the read
	case !keep:
		return p.deleteIf(p.raw)
	}
	value, err := c.EncodeAt(p.field, v)
	switch {
	case err != nil:
		return false, err
	case p.ok:
		return p.swapIf(p.raw, value)
	default:
		return p.setNew(value)
	}
}
