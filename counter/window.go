package counter

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/keys"
)

const (
	windowParts    = 60      // events expire in parts of this number
	maxWindowCount = 1 << 53 // the largest count: the largest integer that Lua numbers hold exactly
)

// Window counts the events of the last minute, hour or day. The window slides with the
// server's clock. Use it for rate limiting.
//
// Create a Window with [NewWindow]. A Window is safe for concurrent use and does not
// hold the count itself. In Redis it is a hash of at most 61 fields. Each field counts
// the events of one sixtieth of the window's size. The key expires when all fields are
// out of the window.
//
// A count is never too low. It includes every event of the last size, and it may
// include events that are older by less than one sixtieth of size. So with one limit,
// at most limit calls of [Window.Allow] succeed in any period as long as the window.
type Window struct {
	object desir.Object // not embedded: Window sets the expiry itself
	h      *clients.Handle
	size   time.Duration
}

// NewWindow returns the window called name. The size is from one millisecond to 1000
// days. All users of the name should use the same size: a window with a shorter size
// deletes events that a longer window still has to count.
//
// NewWindow sends nothing and cannot fail. If the name or size is invalid, every call
// returns the error.
func NewWindow(rdb redis.UniversalClient, name string, size time.Duration) *Window {
	err := keys.Check(name)
	if size < time.Millisecond || size > 1000*24*time.Hour {
		err = errors.Join(err, errSize)
	}
	h := clients.NewHandle(rdb, "counter.Window", name, err)
	return &Window{object: newObject(h), h: h, size: size}
}

var (
	errSize   = errors.New("the size of a window must be from one millisecond to 1000 days")
	errEvents = errors.New("the number of events is negative")
)

// Add counts n events now and returns the new count. n must not be negative. If the count
// would exceed 2^53, Add counts nothing and returns [ErrBound].
//
// Add runs one script in one round trip, sent once, and is O(1) and atomic. After
// [desir.ErrMaybeRan] the events may have been counted.
func (w *Window) Add(ctx context.Context, n int64) (int64, error) {
	count, ok, err := w.add(ctx, n, maxWindowCount)
	if err == nil && !ok {
		err = ErrBound
	}
	return count, w.h.Fail("Add", err)
}

// Allow counts one event and returns true. If the count is already limit or more, Allow
// counts nothing and returns false. It costs and fails as [Window.Add] does.
func (w *Window) Allow(ctx context.Context, limit int64) (bool, error) {
	_, ok, err := w.add(ctx, 1, min(limit, maxWindowCount))
	return ok, w.h.Fail("Allow", err)
}

// add counts n events if the new count is at most most.
func (w *Window) add(ctx context.Context, n, most int64) (count int64, ok bool, err error) {
	_, err = w.h.Shared()
	switch {
	case err != nil:
		return 0, false, err
	case n < 0:
		return 0, false, errEvents
	case n > maxWindowCount:
		return 0, false, ErrBound
	}
	size, part := w.micros()
	reply, err := windowAdd.RunOn(ctx, w.h, size, part, n, most)
	if err != nil {
		return 0, false, err
	}
	parts, _ := reply.([]any)
	count, _ = parts[1].(int64)
	return count, parts[0] == int64(1), nil
}

// Count returns the number of events in the window. It runs one read-only script in one
// round trip and is O(1).
func (w *Window) Count(ctx context.Context) (int64, error) {
	size, part := w.micros()
	reply, err := windowCount.RunOn(ctx, w.h, size, part)
	count, _ := reply.(int64)
	return count, w.h.Fail("Count", err)
}

// micros returns the sizes of the window and of one part in microseconds.
func (w *Window) micros() (size, part int64) {
	size = w.size.Microseconds()
	return size, (size + windowParts - 1) / windowParts
}

// Key returns the Redis key, which is the window's name.
func (w *Window) Key() string { return w.object.Key() }

// Exists reports whether the window's key exists. The key exists from the first event
// until the last event has left the window. Exists sends one EXISTS and is O(1).
func (w *Window) Exists(ctx context.Context) (bool, error) { return w.object.Exists(ctx) }

// Clear deletes all events. It runs UNLINK in a script, in one round trip.
func (w *Window) Clear(ctx context.Context) error { return w.object.Clear(ctx) }
