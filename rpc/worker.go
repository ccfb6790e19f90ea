package rpc

import (
	"cmp"
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/desir-go/desir/internal/backoff"
	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/conn"
	"github.com/desir-go/desir/internal/send"
)

const (
	leaveTime = 2 * time.Second // for commands sent while the worker ends
	hearTime  = time.Second     // for the first subscription, before calls are taken
)

// pauses are the pauses between attempts of a worker or of an inbox.
var pauses = backoff.Range{First: 50 * time.Millisecond, Last: time.Second}

// run is one run of a worker, from the start of Run to its end.
type run struct {
	s       *Server
	shared  *clients.Shared
	clock   clock
	started time.Time
	ended   chan struct{} // closed when Run returns

	base context.Context // parent of the handlers' contexts
	stop context.CancelCauseFunc

	draining  chan struct{} // closed when the worker takes no more calls
	drainOnce sync.Once
	read      *reader
	seen      *seen // calls that have begun

	starting  sync.Mutex // held while an incarnation begins
	beginning trouble    // guarded by starting
	reading   trouble    // owned by the goroutine that reads

	mu     sync.Mutex
	id     string                // of the incarnation; "" while there is none
	spoilt []string              // incarnations to be ended uncleanly
	left   []string              // incarnations to be ended cleanly
	over   []string              // expired incarnations of other workers
	kick   chan struct{}         // signals that there are some; holds one
	lates  map[string]*conn.Conn // late reads: incarnation → connection

	renewed atomic.Int64 // when the lease was last renewed, as age of the server

	gaveUp atomic.Bool   // results were abandoned, so the incarnation must end uncleanly
	lost   chan struct{} // signals that; holds one

	idle    chan incoming  // calls for idle goroutines
	calls   sync.WaitGroup // running calls, until their results are delivered
	free    slots
	running running
}

func newRun(s *Server, h *clients.Shared) *run {
	r := &run{
		s: s, shared: h, started: time.Now().UTC(),
		idle: make(chan incoming), ended: make(chan struct{}), draining: make(chan struct{}),
		kick: make(chan struct{}, 1), lost: make(chan struct{}, 1),
		free: newSlots(s.settings.concurrency),
	}
	r.base, r.stop = context.WithCancelCause(context.Background())
	r.read, r.seen = newReader(r), seenOf(h, s.h.Key, s.seal != nil)
	return r
}

// drain makes the worker stop taking calls. It ends a blocked read.
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

// serve runs the worker from its first lease to its end.
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
	select { // without the subscription, early cancels would be missed
	case <-heard:
	case <-r.draining:
	case <-time.After(hearTime):
	}

	err = r.take(lasting)

	grace := time.AfterFunc(r.s.settings.grace, r.cancel)
	late := time.AfterFunc(block, r.cutLates) // no read blocks any more after this time
	r.calls.Wait()
	grace.Stop()
	late.Stop()
	close(ended)
	helpers.Wait()
	r.end()
	return err
}

// permanent reports whether an error is permanent: a retry would fail too.
func permanent(err error) bool { return err != nil && !send.Transient(err) }
