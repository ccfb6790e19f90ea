package collections

import (
	"context"
	"time"
)

// slowBody is the time for one large page from which a loop counts as slow, so that the
// next page is prefetched. For faster loops the goroutine costs more than it saves.
const slowBody = 200 * time.Microsecond

// early is a page that is being prefetched. Until done is closed, only its goroutine
// may use the walker.
type early struct {
	cancel   context.CancelFunc
	done     chan struct{}
	elements []string
	err      error
	panicked any
}

func (w *walker) early(ctx context.Context) *early {
	ctx, cancel := context.WithCancel(ctx)
	e := &early{cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(e.done)
		defer func() { e.panicked = recover() }()
		e.elements, e.err = w.next(ctx)
	}()
	return e
}

// or returns the prefetched page, or the result of fetch if e is nil. It repeats a
// panic of a hook in the caller's goroutine.
func (e *early) or(fetch func() ([]string, error)) ([]string, error) {
	if e == nil {
		return fetch()
	}
	<-e.done
	e.cancel()
	if e.panicked != nil {
		panic(e.panicked)
	}
	return e.elements, e.err
}

// stop cancels the prefetch of a page that is no longer needed. It first waits 10 ms
// for a command in flight, so that a break usually leaves nothing behind.
func (e *early) stop() {
	if e == nil {
		return
	}
	timer := time.AfterFunc(10*time.Millisecond, e.cancel)
	<-e.done
	timer.Stop()
	e.cancel()
}
