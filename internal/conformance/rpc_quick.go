package conformance

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/rpc"
)

// inline reports whether a handler runs in the goroutine that reads calls.
func inline() bool {
	var pcs [32]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs[:])])
	for f, more := frames.Next(); more; f, more = frames.Next() {
		if strings.HasSuffix(f.Function, "(*callLoop).dispatch") {
			return true
		}
	}
	return false
}

var errNotYet = errors.New("not on the goroutine that reads calls")

// quickWorker starts a worker whose Greet is known to be quick. Greet returns at once,
// unless its argument makes it wait until leave is closed, panic or end its goroutine.
func quickWorker(t *testing.T, r *redistest.Redis, opts ...rpc.ServerOption) (s *rpc.Server, c *rpc.Client, leave chan struct{}, end func()) {
	t.Helper()
	service := name(t, r, "quick")
	leave = make(chan struct{})
	s, end = worker(t, r.Client, service, func(s *rpc.Server) {
		greet.Handle(s, func(ctx context.Context, what string) (string, error) {
			switch what {
			case "where":
				if !inline() {
					return "", errNotYet
				}
			case "wait":
				select {
				case <-leave:
				case <-ctx.Done():
					return "", context.Cause(ctx)
				}
			case "panic":
				panic("by the test")
			case "exit":
				runtime.Goexit()
			}
			return what, nil
		})
	}, opts...)
	c = rpc.NewClient(r.Client, service)
	warm(t, c)
	return s, c, leave, end
}

// warm calls Greet until it is known to be quick. On a busy machine it may never be. The
// calls that follow then run in other goroutines, and must work there too.
func warm(t *testing.T, c *rpc.Client) {
	t.Helper()
	reqs := slices.Repeat([]string{"where"}, 100)
	for range 15 {
		results, err := greet.CallMany(t.Context(), c, reqs, waitForWorker)
		must(t, err)
		if slices.ContainsFunc(results, func(one rpc.Result[string]) bool { return one.Err == nil }) {
			return
		}
	}
}

// rpcQuick makes handlers that were quick wait, panic and end their goroutine. Other
// handlers return results, and the worker continues.
func rpcQuick(t *testing.T, r *redistest.Redis) {
	for _, n := range []int{1, 1000} {
		t.Run(fmt.Sprint(n, " at the same time"), func(t *testing.T) {
			s, c, leave, end := quickWorker(t, r, rpc.Concurrency(n), rpc.Grace(0))
			before := s.Stats()
			for range 3 {
				for _, what := range []string{"panic", "exit"} {
					warm(t, c)
					if _, err := greet.Call(t.Context(), c, what); rpc.CodeOf(err) != rpc.Internal || !isWorkerError(err) {
						t.Errorf("%s: %v; want Internal of the worker", what, err)
					}
				}
			}
			warm(t, c)
			waits := greet.Go(t.Context(), c, "wait")
			redistest.Eventually(t, 20*time.Second, func() bool { return s.Stats().Running == 1 }, "it runs")
			if n > 1 {
				reqs := make([]string, 300)
				for i := range reqs {
					reqs[i] = fmt.Sprint("call ", i)
				}
				results, err := greet.CallMany(t.Context(), c, reqs)
				must(t, err)
				for i, one := range results {
					if one.Err != nil || one.Value != reqs[i] {
						t.Fatalf("while another one waits, call %d: %q, %v", i, one.Value, one.Err)
					}
				}
			}
			close(leave)
			if got, err := waits.Wait(t.Context()); err != nil || got != "wait" {
				t.Errorf("the one that waited: %q, %v", got, err)
			}
			warm(t, c)
			end()
			if st := s.Stats(); st.Running != 0 || st.Panics-before.Panics != 3 || st.Failed-before.Failed < 6 || st.Undelivered+st.Late+st.Dropped > 0 {
				t.Errorf("%+v", st)
			}
		})
	}
	t.Run("Ended", func(t *testing.T) { // while it waits in the reading goroutine
		s, c, _, end := quickWorker(t, r, rpc.Grace(0))
		waits := make([]*rpc.Pending[string], 20)
		for i := range waits {
			waits[i] = greet.Go(t.Context(), c, "wait")
		}
		redistest.Eventually(t, 20*time.Second, func() bool { return s.Stats().Running == int64(len(waits)) }, "all of them run")
		end()
		for _, p := range waits {
			if _, err := p.Wait(t.Context()); !isWorkerError(err) || !strings.Contains(err.Error(), rpc.ErrStopped.Error()) {
				t.Errorf("%v; want ErrStopped", err)
			}
		}
	})
	t.Run("Mixed", func(t *testing.T) { // callers of several processes, and some slow handlers
		service := name(t, r, "mixed")
		s, _ := worker(t, r.Client, service, func(s *rpc.Server) {
			sum.Handle(s, func(ctx context.Context, ns []int) (int, error) {
				if ns[0]%50 == 0 {
					time.Sleep(3 * time.Millisecond)
				}
				return addUp(ctx, ns)
			})
		})
		var callers sync.WaitGroup
		var calls atomic.Int64
		for p := range 3 {
			c := rpc.NewClient(r.NewClient(t), service)
			for g := range 20 {
				callers.Go(func() {
					for i := range 50 {
						calls.Add(1)
						if got, err := sum.Call(t.Context(), c, []int{i + g, p}, waitForWorker); err != nil || got != i+g+p {
							t.Errorf("Sum(%d, %d) = %d, %v", i+g, p, got, err)
							return
						}
					}
				})
			}
		}
		callers.Wait()
		if st := s.Stats(); st.Done != calls.Load() || st.Failed+st.Late+st.Undelivered+st.Dropped > 0 {
			t.Errorf("%d calls: %+v", calls.Load(), st)
		}
	})
}
