package collections

import (
	"context"
	"time"
)

// slowBody is how long a loop has to take for a large page so that the next one is
// fetched meanwhile. Below that the goroutine costs what it gains.
const slowBody = 200 * time.Microsecond

// early is a page that is fetched before it is asked for. The walker is its
// goroutine's until then.
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

// or returns the page, or what fetch returns where nothing was fetched. A panic of a
// hook goes on here.
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

// stop ends the fetching when nobody wants the page. It gives a command on the wire a
// moment, so that nothing is left of the walk, and does not wait for a server that
// stands still.
func (e *early) stop() {
	if e == nil {
		return
	}
	timer := time.AfterFunc(10*time.Millisecond, e.cancel)
	<-e.done
	timer.Stop()
	e.cancel()
}
