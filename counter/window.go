package counter

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/hub"
	"github.com/desir-go/desir/internal/keys"
)

const (
	windowParts = 60      // of a window; what is counted leaves it in so many steps
	windowMost  = 1 << 53 // counted in one window: what a Lua number holds exactly
)

// Window counts events of the last minute, hour or day: a window that slides
// with the server's clock. It is what limits rates.
//
// Use NewWindow. A Window is safe for any number of goroutines and holds no
// count itself. In Redis it is a hash of at most 61 fields, each of which counts
// a sixtieth of the window's size; the key expires when all of them are past.
//
// A count is never less than the truth: every event of the last size is in it,
// and perhaps some that are older by less than a sixtieth of size. So of
// [Window.Allow] with one limit no more than limit succeed in any stretch of
// time as long as the window.
type Window struct {
	object desir.Object // not embedded: the expiry is the window's own
	h      *hub.Handle
	size   time.Duration
}

// NewWindow names a window of a size from a millisecond to a thousand days.
// Everybody who uses the name should say the same size: a shorter one takes out
// what a longer one still wants to count. It does not talk to Redis and cannot
// fail: a name or a size that cannot work is the error of every call.
func NewWindow(rdb redis.UniversalClient, name string, size time.Duration) *Window {
	err := keys.Check(name)
	if size < time.Millisecond || size > 1000*24*time.Hour {
		err = errors.Join(err, errSize)
	}
	h := hub.NewHandle(rdb, "counter.Window", name, err)
	return &Window{object: newObject(h), h: h, size: size}
}

var (
	errSize   = errors.New("a window has a size from a millisecond to a thousand days")
	errEvents = errors.New("events are not taken back: the number is negative")
)

// Add counts n events now and returns the count with them. n is not negative;
// a window counts up to 2^53, beyond it the error is [ErrBound].
//
// One script, one round trip, O(1), atomic, sent once: after
// [desir.ErrMaybeRan] the events may have been counted.
func (w *Window) Add(ctx context.Context, n int64) (int64, error) {
	count, ok, err := w.add(ctx, n, windowMost)
	if err == nil && !ok {
		err = ErrBound
	}
	return count, w.fail("Add", err)
}

// Allow counts one event and reports true, unless limit or more are counted
// already: then it counts nothing and reports false. It costs and fails as
// [Window.Add] does.
func (w *Window) Allow(ctx context.Context, limit int64) (bool, error) {
	_, ok, err := w.add(ctx, 1, min(limit, windowMost))
	return ok, w.fail("Allow", err)
}

// add counts n events if the count with them is at most most.
func (w *Window) add(ctx context.Context, n, most int64) (count int64, ok bool, err error) {
	hub, err := w.h.Hub()
	switch {
	case err != nil:
		return 0, false, err
	case n < 0:
		return 0, false, errEvents
	case n > windowMost:
		return 0, false, ErrBound
	}
	size, part := w.micros()
	answer, err := windowAdd.Run(ctx, hub, []string{w.h.Key}, size, part, n, most)
	if err != nil {
		return 0, false, err
	}
	parts, _ := answer.([]any)
	count, _ = parts[1].(int64)
	return count, parts[0] == int64(1), nil
}

// Count returns how many events the window holds now. One script that changes
// nothing, one round trip, O(1).
func (w *Window) Count(ctx context.Context) (int64, error) {
	hub, err := w.h.Hub()
	if err != nil {
		return 0, w.fail("Count", err)
	}
	size, part := w.micros()
	answer, err := windowCount.Run(ctx, hub, []string{w.h.Key}, size, part)
	count, _ := answer.(int64)
	return count, w.fail("Count", err)
}

// micros are the sizes of the window and of a part in microseconds.
func (w *Window) micros() (size, part int64) {
	size = w.size.Microseconds()
	return size, (size + windowParts - 1) / windowParts
}

// Key returns the Redis key, which is the window's name.
func (w *Window) Key() string { return w.object.Key() }

// Exists reports whether events are counted, or were not long ago: the key
// expires with the last of them. One EXISTS, O(1).
func (w *Window) Exists(ctx context.Context) (bool, error) { return w.object.Exists(ctx) }

// Clear forgets all events. UNLINK, inside a script: one round trip.
func (w *Window) Clear(ctx context.Context) error { return w.object.Clear(ctx) }

func (w *Window) fail(op string, err error) error { return w.h.Fail(op, err) }
