package rights_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/rpc"
)

var (
	repeat = rpc.NewMethod[int, string]("Repeat")
	double = rpc.NewMethod[int, int]("Double")
	stall  = rpc.NewMethod[int, int]("Stall")
)

// callService uses a service as a client.
func (e *env) callService() {
	_, end := e.serve(e.admin)
	c := rpc.NewClient(e.rdb, e.name)
	e.callMethods(c, e.record)
	e.record(first(c.Workers(e.ctx())))
	e.record(first(c.Methods(e.ctx())))
	e.record(first(c.Ping(e.ctx())))
	e.record(double.Cast(e.ctx(), c, 1))
	e.record(c.Close())
	requireNoErr(e, end())
}

// callWithoutWorker makes a call that no worker takes, because the last one has died.
func (e *env) callWithoutWorker() {
	requireNoErr(e, e.admin.Set(e.ctx(), keys.Part(e.name, "alive"), 10, time.Minute).Err())
	c := rpc.NewClient(e.rdb, e.name)
	if err := first(double.Call(e.ctx(), c, 1)); !errors.Is(err, rpc.ErrNoWorkers) {
		e.record(err)
	}
	e.record(c.Close())
}

// deadWorker leaves a dead worker, which the next worker removes.
const deadWorker = "died"

// runWorker runs a worker of a service.
func (e *env) runWorker() {
	requireNoErr(e, e.admin.ZAdd(e.ctx(), keys.Part(e.name, "workers"), redis.Z{Score: 1, Member: deadWorker}).Err())
	registered, end := e.serve(e.rdb)
	if registered {
		c := rpc.NewClient(e.admin, e.name)
		e.callMethods(c, func(error) {}) // the worker reports its own missing rights
		requireNoErr(e, c.Close())
	}
	e.record(end())
}

// callMethods calls methods, one of them until its context ends. The other calls have no
// deadline, which would be sent to the worker.
func (e *env) callMethods(c *rpc.Client, do func(error)) {
	ctx, cancel := context.WithCancel(e.ctx())
	defer cancel()
	timer := time.AfterFunc(3*time.Second, cancel)
	err := first(double.Call(ctx, c, 1))
	if err == nil {
		err = first(double.CallMany(ctx, c, []int{1, 2, 3}))
	}
	for range 5 { // large enough for results that were read to be deleted
		if err == nil {
			err = first(repeat.Call(ctx, c, 100_000))
		}
	}
	timer.Stop()
	do(err)
	if err != nil {
		return
	}
	began := make(chan struct{})
	stalled.Store(e.name, began)
	p := stall.Go(ctx, c, 1)
	select {
	case <-p.Done(): // it failed to start
	case <-began:
	case <-time.After(3 * time.Second):
	}
	cancel()
	_, _ = p.Wait(e.ctx())
}

var stalled sync.Map // chan struct{} by service

// serve starts a worker and returns when it is registered or has ended.
func (e *env) serve(rdb redis.UniversalClient) (registered bool, end func() error) {
	s := rpc.NewServer(rdb, e.name, rpc.Grace(2*time.Second))
	double.Handle(s, func(_ context.Context, n int) (int, error) { return 2 * n, nil })
	repeat.Handle(s, func(_ context.Context, n int) (string, error) { return strings.Repeat("x", n), nil })
	stall.Handle(s, func(ctx context.Context, n int) (int, error) {
		if began, ok := stalled.LoadAndDelete(e.name); ok {
			close(began.(chan struct{}))
		}
		<-ctx.Done()
		return n, ctx.Err()
	})
	ctx, cancel := context.WithCancel(e.ctx())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	c := rpc.NewClient(e.admin, e.name)
	redistest.Eventually(e.t, 20*time.Second, func() bool {
		workers, err := c.Workers(e.ctx())
		requireNoErr(e, err)
		registered = slices.ContainsFunc(workers, func(i rpc.WorkerInfo) bool { return i.ID != deadWorker })
		return registered || len(ended) > 0
	}, "the worker is there, or has ended")
	requireNoErr(e, c.Close())
	return registered, func() error { cancel(); return <-ended }
}
