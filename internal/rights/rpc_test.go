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

// call uses a service as a client.
func (w *world) call() {
	_, end := w.serve(w.admin)
	c := rpc.NewClient(w.rdb, w.name)
	w.use(c, w.do)
	w.do(first(c.Workers(w.ctx())))
	w.do(first(c.Methods(w.ctx())))
	w.do(first(c.Ping(w.ctx())))
	w.do(double.Cast(w.ctx(), c, 1))
	w.do(c.Close())
	must(w, end())
}

// callNobody makes a call that no worker takes, because the last one has died.
func (w *world) callNobody() {
	must(w, w.admin.Set(w.ctx(), keys.Part(w.name, "alive"), 10, time.Minute).Err())
	c := rpc.NewClient(w.rdb, w.name)
	if err := first(double.Call(w.ctx(), c, 1)); !errors.Is(err, rpc.ErrNoWorkers) {
		w.do(err)
	}
	w.do(c.Close())
}

// died leaves a dead worker, which the next worker removes.
const died = "died"

// work runs a worker of a service.
func (w *world) work() {
	must(w, w.admin.ZAdd(w.ctx(), keys.Part(w.name, "workers"), redis.Z{Score: 1, Member: died}).Err())
	there, end := w.serve(w.rdb)
	if there {
		c := rpc.NewClient(w.admin, w.name)
		w.use(c, func(error) {}) // the worker reports its own missing rights
		must(w, c.Close())
	}
	w.do(end())
}

// use calls methods, one of them until its context ends. The other calls have no deadline,
// which would be sent to the worker.
func (w *world) use(c *rpc.Client, do func(error)) {
	ctx, cancel := context.WithCancel(w.ctx())
	defer cancel()
	enough := time.AfterFunc(3*time.Second, cancel)
	err := first(double.Call(ctx, c, 1))
	if err == nil {
		err = first(double.CallMany(ctx, c, []int{1, 2, 3}))
	}
	for range 5 { // large enough for results that were read to be deleted
		if err == nil {
			err = first(repeat.Call(ctx, c, 100_000))
		}
	}
	enough.Stop()
	do(err)
	if err != nil {
		return
	}
	began := make(chan struct{})
	stalled.Store(w.name, began)
	p := stall.Go(ctx, c, 1)
	select {
	case <-p.Done(): // it failed to start
	case <-began:
	case <-time.After(3 * time.Second):
	}
	cancel()
	_, _ = p.Wait(w.ctx())
}

var stalled sync.Map // chan struct{} by service

// serve starts a worker and returns when it is registered or has ended.
func (w *world) serve(rdb redis.UniversalClient) (there bool, end func() error) {
	s := rpc.NewServer(rdb, w.name, rpc.Grace(2*time.Second))
	double.Handle(s, func(_ context.Context, n int) (int, error) { return 2 * n, nil })
	repeat.Handle(s, func(_ context.Context, n int) (string, error) { return strings.Repeat("x", n), nil })
	stall.Handle(s, func(ctx context.Context, n int) (int, error) {
		if began, ok := stalled.LoadAndDelete(w.name); ok {
			close(began.(chan struct{}))
		}
		<-ctx.Done()
		return n, ctx.Err()
	})
	ctx, cancel := context.WithCancel(w.ctx())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	c := rpc.NewClient(w.admin, w.name)
	redistest.Eventually(w.t, 20*time.Second, func() bool {
		workers, err := c.Workers(w.ctx())
		must(w, err)
		there = slices.ContainsFunc(workers, func(i rpc.WorkerInfo) bool { return i.ID != died })
		return there || len(ended) > 0
	}, "the worker is there, or has ended")
	must(w, c.Close())
	return there, func() error { cancel(); return <-ended }
}
