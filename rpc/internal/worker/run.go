package worker

import (
	"cmp"
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/clock"
	"github.com/desir-go/desir/rpc/internal/resp"
)

const (
	leaveTime     = 2 * time.Second // for commands sent while the worker ends
	subscribeTime = time.Second     // for the first subscription, before calls are taken
)

// run is one run of a worker, from the start of Run to its end.
type run struct {
	w       *Worker
	shared  *clients.Shared
	clock   clock.Clock
	started time.Time
	ended   chan struct{} // closed when Run returns

	base context.Context // parent of the handlers' contexts
	stop context.CancelCauseFunc

	draining  chan struct{} // closed when the worker takes no more calls
	drainOnce sync.Once
	reader    *callReader
	replays   *replayGuard // calls that have begun

	beginMu     sync.Mutex   // held while an incarnation begins
	beginOutage loggedOutage // guarded by beginMu
	readOutage  loggedOutage // owned by the goroutine that reads

	mu        sync.Mutex
	id        string                // of the incarnation; "" while there is none
	abandoned []string              // incarnations to be ended uncleanly
	finished  []string              // incarnations to be ended cleanly
	expired   []string              // expired incarnations of other workers
	toEnd     chan struct{}         // signals that there are some; holds one
	detached  map[string]*resp.Conn // connections of detached reads by incarnation

	renewed atomic.Int64 // when the lease was last renewed, as age of the server

	resultsAbandoned atomic.Bool   // results were abandoned, so the incarnation must end uncleanly
	resultsLost      chan struct{} // signals that; holds one

	handOff  chan incomingCall // calls for idle goroutines
	inFlight sync.WaitGroup    // running calls, until their results are delivered
	slots    slots
	running  runningCalls
}

func newRun(s *Worker, h *clients.Shared) *run {
	r := &run{
		w: s, shared: h, started: time.Now().UTC(),
		handOff: make(chan incomingCall), ended: make(chan struct{}), draining: make(chan struct{}),
		toEnd: make(chan struct{}, 1), resultsLost: make(chan struct{}, 1),
		slots: newSlots(s.Concurrency),
	}
	r.base, r.stop = context.WithCancelCause(context.Background())
	r.reader, r.replays = newCallReader(r), replayGuardOf(h, s.Handle.Key, s.sealer != nil)
	return r
}

// drain makes the worker stop taking calls. It ends a blocked read.
func (r *run) drain() {
	r.drainOnce.Do(func() {
		close(r.draining)
		go r.reader.stop()
	})
}

// cancelHandlers ends the contexts of all handlers.
func (r *run) cancelHandlers() {
	r.stop(r.w.Stopped)
	r.running.cancelAll(r.w.Stopped)
}

// serve runs the worker from its first lease to its end.
func (r *run) serve(ctx context.Context) (err error) {
	defer close(r.handOff)
	defer r.cancelHandlers()
	defer context.AfterFunc(ctx, r.drain)()
	if ok, err := r.beginIncarnation(); !ok {
		return cmp.Or(err, r.beginOutage.startError(ctx))
	}
	var helpers sync.WaitGroup
	fatal := make(chan error, 1)
	ended := make(chan struct{})
	helpers.Go(func() { r.renewLease(ended, fatal) })
	helpers.Go(func() { r.sendHeartbeats(ended) })
	helpers.Go(func() { r.watchClosed(ended, fatal) })
	subscribed := make(chan struct{})
	helpers.Go(func() { r.receiveCancels(ended, sync.OnceFunc(func() { close(subscribed) })) })
	select { // without the subscription, early cancels would be missed
	case <-subscribed:
	case <-r.draining:
	case <-time.After(subscribeTime):
	}

	err = r.readCalls(fatal)

	graceTimer := time.AfterFunc(r.w.Grace, r.cancelHandlers)
	closeTimer := time.AfterFunc(resp.BlockTime, r.closeDetached) // no read blocks any more after this time
	r.inFlight.Wait()
	graceTimer.Stop()
	closeTimer.Stop()
	close(ended)
	helpers.Wait()
	r.endLastIncarnation()
	return err
}
