package conformance

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/rpc"
)

// blockingWorker starts a worker with the method Hold. Hold reports on entered that it
// runs. It then waits for leave or for the end of its context, and returns the cause of
// the latter.
func blockingWorker(t *testing.T, r *redistest.Redis, service string, opts ...rpc.ServerOption) (s *rpc.Server, entered, leave chan string, end func()) {
	entered, leave = make(chan string, 1000), make(chan string)
	s, end = worker(t, r.Client, service, func(s *rpc.Server) {
		block.Handle(s, func(ctx context.Context, what string) (string, error) {
			entered <- what
			select {
			case <-leave:
				return what, nil
			case <-ctx.Done():
				entered <- "ended: " + context.Cause(ctx).Error()
				return "", ctx.Err()
			}
		})
	}, opts...)
	return s, entered, leave, end
}

// awaitQueued waits until the list contains the given number of calls.
func awaitQueued(t *testing.T, r *redistest.Redis, service string, want int64) {
	t.Helper()
	redistest.Eventually(t, 20*time.Second, func() bool {
		n, err := r.Client.LLen(t.Context(), service).Result()
		return err == nil && n == want
	}, fmt.Sprintf("%d calls wait", want))
}

func rpcOverload(t *testing.T, r *redistest.Redis) {
	service := name(t, r, "busy")
	s, entered, leave, _ := blockingWorker(t, r, service, rpc.Concurrency(1), rpc.QueueLimit(2))
	c := rpc.NewClient(r.Client, service)
	first := block.Go(t.Context(), c, "first", waitForWorker)
	<-entered
	others := []*rpc.Pending[string]{block.Go(t.Context(), c, "second"), block.Go(t.Context(), c, "third")}
	awaitQueued(t, r, service, 2)
	if _, err := block.Call(t.Context(), c, "fourth"); !errors.Is(err, rpc.ErrOverloaded) {
		t.Errorf("a call too many: %v; want ErrOverloaded", err)
	}
	for range 3 {
		leave <- ""
	}
	for _, p := range append(others, first) {
		if _, err := p.Wait(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if st := s.Stats(); st.Done != 3 || st.Running != 0 {
		t.Errorf("%+v", st)
	}
}

func rpcCancel(t *testing.T, r *redistest.Redis) {
	service := name(t, r, "cancel")
	s, entered, _, _ := blockingWorker(t, r, service, rpc.Concurrency(1))
	c := rpc.NewClient(r.Client, service)
	ctx, cancel := context.WithCancel(t.Context())
	running := block.Go(ctx, c, "runs", waitForWorker)
	<-entered
	waits, stop := context.WithCancel(t.Context())
	queued := block.Go(waits, c, "waits")
	awaitQueued(t, r, service, 1)
	cancelPublished := onCancellation(t, r, service)
	stop()
	if _, err := queued.Wait(t.Context()); !errors.Is(err, context.Canceled) || !errors.Is(err, desir.ErrMaybeRan) || isWorkerError(err) {
		t.Errorf("canceled in the list: %v; want the context's error and ErrMaybeRan", err)
	}
	cancelPublished() // the worker receives all later messages after this one
	cancel()
	if _, err := running.Wait(t.Context()); !errors.Is(err, context.Canceled) || !errors.Is(err, desir.ErrMaybeRan) || isWorkerError(err) {
		t.Errorf("canceled while it runs: %v; want the context's error and ErrMaybeRan", err)
	}
	if got := <-entered; got != "ended: context canceled" {
		t.Errorf("the handler saw %q", got)
	}
	redistest.Eventually(t, 20*time.Second, func() bool { return s.Stats().Expired == 1 }, "the call in the list expires without running")
	none, over := context.WithCancel(t.Context())
	over()
	if _, err := block.Call(none, c, "never"); !errors.Is(err, context.Canceled) || errors.Is(err, desir.ErrMaybeRan) {
		t.Errorf("canceled before: %v", err)
	}
}

// rpcCancelEarly cancels calls that were stored before the worker started.
func rpcCancelEarly(t *testing.T, r *redistest.Redis) {
	for range 10 {
		service := name(t, r, "early")
		must(t, r.Client.Set(t.Context(), keys.Part(service, "alive"), 10, time.Minute).Err()) // as after an earlier worker
		ctx, cancel := context.WithCancel(t.Context())
		p := block.Go(ctx, rpc.NewClient(r.Client, service), "runs")
		awaitQueued(t, r, service, 1)
		_, entered, _, end := blockingWorker(t, r, service)
		<-entered
		cancel()
		if got := <-entered; got != "ended: context canceled" {
			t.Errorf("the handler saw %q", got)
		}
		if _, err := p.Wait(t.Context()); !errors.Is(err, context.Canceled) {
			t.Errorf("%v; want the context's error", err)
		}
		end()
	}
}

// onCancellation returns a function that waits until a cancellation is published.
func onCancellation(t *testing.T, r *redistest.Redis, service string) func() {
	t.Helper()
	subscribe := r.Client.Subscribe
	if r.IsCluster() {
		subscribe = r.Client.SSubscribe
	}
	sub := subscribe(t.Context(), keys.Part(service, "cancel"))
	t.Cleanup(func() { _ = sub.Close() })
	must(t, second(sub.Receive(t.Context()))) // the confirmation of the subscription
	return func() {
		t.Helper()
		if _, err := sub.ReceiveMessage(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func isWorkerError(err error) bool {
	_, ok := errors.AsType[*rpc.Error](err)
	return ok
}

func rpcDeadline(t *testing.T, r *redistest.Redis) {
	service := name(t, r, "late")
	s, entered, _, _ := blockingWorker(t, r, service, rpc.Concurrency(1))
	c := rpc.NewClient(r.Client, service)
	if _, err := c.Ping(t.Context()); errors.Is(err, rpc.ErrNoWorkers) {
		redistest.Eventually(t, 20*time.Second, func() bool { _, err := c.Ping(t.Context()); return err == nil }, "the worker replies")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	running := block.Go(ctx, c, "runs")
	<-entered
	sooner, stop := context.WithTimeout(ctx, time.Second)
	defer stop()
	queued := block.Go(sooner, c, "waits")
	awaitQueued(t, r, service, 1)
	for what, p := range map[string]*rpc.Pending[string]{"running": running, "queued": queued} {
		if _, err := p.Wait(t.Context()); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, desir.ErrMaybeRan) || isWorkerError(err) {
			t.Errorf("%s: %v; want the deadline and ErrMaybeRan", what, err)
		}
	}
	if got := <-entered; got != "ended: context deadline exceeded" {
		t.Errorf("the handler saw %q", got)
	}
	redistest.Eventually(t, 20*time.Second, func() bool { return s.Stats().Expired == 1 }, "the call in the list expires without running")
}

func rpcDrain(t *testing.T, r *redistest.Redis) {
	service := name(t, r, "drain")
	_, entered, leave, end := blockingWorker(t, r, service)
	c := rpc.NewClient(r.Client, service)
	p := block.Go(t.Context(), c, "runs", waitForWorker)
	<-entered
	ended := make(chan struct{})
	go func() { end(); close(ended) }()
	leave <- ""
	if got, err := p.Wait(t.Context()); err != nil || got != "runs" {
		t.Errorf("a call that ran when the server had to end: %q, %v", got, err)
	}
	<-ended
	if _, err := block.Call(t.Context(), c, "after"); !errors.Is(err, rpc.ErrNoWorkers) {
		t.Errorf("afterwards: %v; want ErrNoWorkers", err)
	}
	s, entered, leave, end := blockingWorker(t, r, service, rpc.Grace(0))
	p = block.Go(t.Context(), c, "again", waitForWorker)
	<-entered
	must(t, s.Shutdown(t.Context()))
	if _, err := p.Wait(t.Context()); rpc.CodeOf(err) != rpc.Canceled || !isWorkerError(err) {
		t.Errorf("a call that the end of the server has canceled: %v", err)
	}
	if got := <-entered; got != "ended: "+rpc.ErrStopped.Error() {
		t.Errorf("the handler saw %q", got)
	}
	end()
	must(t, s.Shutdown(t.Context()))
	ctx, cancel := context.WithCancel(t.Context())
	ended = make(chan struct{})
	go func() { must(t, s.Run(ctx)); close(ended) }()
	p = block.Go(t.Context(), c, "once more", waitForWorker)
	if got := <-entered; got != "once more" {
		t.Errorf("a server that runs again has the call %q", got)
	}
	leave <- ""
	if got, err := p.Wait(t.Context()); err != nil || got != "once more" {
		t.Errorf("a server that runs again: %q, %v", got, err)
	}
	cancel()
	<-ended
}

// rpcRolling restarts two workers one after the other under load. No call that may wait
// fails.
func rpcRolling(t *testing.T, r *redistest.Redis) {
	service := name(t, r, "rolling")
	c := rpc.NewClient(r.Client, service)
	begin := func() func() {
		_, end := worker(t, r.Client, service, func(s *rpc.Server) { sum.Handle(s, addUp) })
		return end
	}
	ends := []func(){begin(), begin()}
	ctx, stop := context.WithCancel(t.Context())
	var group sync.WaitGroup
	var calls atomic.Int64
	for g := range 8 {
		group.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				if got, err := sum.Call(t.Context(), c, []int{g, i}, waitForWorker); err != nil || got != g+i {
					t.Errorf("%d+%d = %d, %v", g, i, got, err)
					return
				}
				calls.Add(1)
			}
		})
	}
	for range 3 {
		for i := range ends {
			before := calls.Load()
			redistest.Eventually(t, 20*time.Second, func() bool { return calls.Load() > before+20 || t.Failed() }, "calls go on")
			ends[i]()
			ends[i] = begin()
		}
	}
	stop()
	group.Wait()
}
