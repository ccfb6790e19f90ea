package collections

import (
	"context"
	"time"
)

// slowBody is the time for one large page from which a loop counts as slow, so that the
// next page is prefetched. For faster loops the goroutine costs more than it saves.
const slowBody = 200 * time.Microsecond

// prefetch is a page that is being prefetched. Until done is closed, only its goroutine
// may use the walker.
type prefetch struct {
	cancel   context.CancelFunc
	done     chan struct{}
	elements []string
	err      error
	panicked any
}

func (w *walker) startPrefetch(ctx context.Context) *prefetch {
	ctx, cancel := context.WithCancel(ctx)
	p := &prefetch{cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		defer func() { p.panicked = recover() }()
		p.elements, p.err = w.next(ctx)
	}()
	return p
}

// pageOr returns the prefetched page, or the result of fetch if p is nil. It repeats a
// panic of a hook in the caller's goroutine.
func (p *prefetch) pageOr(fetch func() ([]string, error)) ([]string, error) {
	if p == nil {
		return fetch()
	}
	<-p.done
	p.cancel()
	if p.panicked != nil {
		panic(p.panicked)
	}
	return p.elements, p.err
}

// stop cancels the prefetch of a page that is no longer needed. It first waits 10 ms
// for a command in flight, so that a break usually leaves nothing behind.
func (p *prefetch) stop() {
	if p == nil {
		return
	}
	timer := time.AfterFunc(10*time.Millisecond, p.cancel)
	<-p.done
	timer.Stop()
	p.cancel()
}
