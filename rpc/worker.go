package rpc

import (
	"cmp"
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/desir-go/desir/internal/hub"
	"github.com/desir-go/desir/internal/link"
	"github.com/desir-go/desir/internal/send"
)

const (
	firstPause = 50 * time.Millisecond // after trouble; doubles
	lastPause  = time.Second
	leaveTime  = 2 * time.Second // for what is said on the way out
	hearTime   = time.Second     // for the first subscription, before calls are taken
)

// run is a worker from Run to its end.
type run struct {
	s       *Server
	hub     *hub.Hub
	clock   clock
	started time.Time
	ended   chan struct{} // closed when Run returns

	base context.Context // of handlers
	stop context.CancelCauseFunc

	draining  chan struct{} // closed when no more calls are to be taken
	drainOnce sync.Once
	read      *reader
	seen      *seen // calls that have begun

	starting  sync.Mutex // held by whoever begins an incarnation
	beginning trouble    // guarded by starting
	reading   trouble    // of the goroutine that reads

	mu     sync.Mutex
	id     string                // of the incarnation; "" while there is none
	spoilt []string              // incarnations that are to end uncleanly
	left   []string              // those that are to end cleanly
	over   []string              // of other workers, whose leases have run out
	kick   chan struct{}         // there are some; holds one
	lates  map[string]*link.Link // incarnations whose reads are late, and the connections of these

	renewed atomic.Int64 // when the lease was renewed last, by the age of the server

	gaveUp atomic.Bool   // results were given up, and the incarnation is to end uncleanly
	lost   chan struct{} // that is due; holds one

	idle    chan incoming  // calls for goroutines that have nothing to do
	calls   sync.WaitGroup // calls in hand, up to the delivery of their results
	free    slots
	running running
}

func newRun(s *Server, h *hub.Hub) *run {
	r := &run{
		s: s, hub: h, started: time.Now().UTC(),
		idle: make(chan incoming), ended: make(chan struct{}), draining: make(chan struct{}),
		kick: make(chan struct{}, 1), lost: make(chan struct{}, 1),
		free: newSlots(s.settings.concurrency),
	}
	r.base, r.stop = context.WithCancelCause(context.Background())
	r.read, r.seen = newReader(r), seenOf(h, s.h.Key, s.seal != nil)
	return r
}

// drain lets the worker end: a read that blocks is ended by a poke.
func (r *run) drain() {
	r.drainOnce.Do(func() {
		close(r.draining)
		go r.read.end()
	})
}

// cancel ends the contexts of all handlers.
func (r *run) cancel() {
	r.stop(ErrStopped)
	r.running.cancelAll()
}

// serve is the worker's life.
func (r *run) serve(ctx context.Context) (err error) {
	defer close(r.idle)
	defer r.cancel()
	defer context.AfterFunc(ctx, r.drain)()
	if ok, err := r.begin(); !ok {
		return cmp.Or(err, r.beginning.neverBegan(ctx))
	}
	var helpers sync.WaitGroup
	lasting := make(chan error, 1)
	ended := make(chan struct{})
	helpers.Go(func() { r.renew(ended, lasting) })
	helpers.Go(func() { r.beat(ended) })
	helpers.Go(func() { r.watchClient(ended, lasting) })
	heard := make(chan struct{})
	helpers.Go(func() { r.hear(ended, sync.OnceFunc(func() { close(heard) })) })
	select { // else the first calls that are given up are not heard of
	case <-heard:
	case <-r.draining:
	case <-time.After(hearTime):
	}

	err = r.take(lasting)

	grace := time.AfterFunc(r.s.settings.grace, r.cancel)
	late := time.AfterFunc(block, r.cutLates) // after which no read blocks
	r.calls.Wait()
	grace.Stop()
	late.Stop()
	close(ended)
	helpers.Wait()
	r.end()
	return err
}

// patience is a pause that grows.
type patience struct{ pause time.Duration }

// next returns how long to pause now.
func (p *patience) next() time.Duration {
	p.pause = min(max(2*p.pause, firstPause), lastPause)
	return p.pause
}

// wait pauses, and reports whether nobody wants the worker to end.
func (p *patience) wait(end <-chan struct{}) bool {
	timer := time.NewTimer(p.next())
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-end:
		return false
	}
}

// hopeless reports whether an error is to be there again when the same is tried again.
func hopeless(err error) bool { return err != nil && !send.Transient(err) }
