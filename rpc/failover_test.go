package rpc_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/rpc"
)

// load is a set of callers. The handler of their worker counts how often it runs for each
// call.
type load struct {
	good, bad atomic.Int64
	stop      func() // stops the callers and waits
}

// startLoad starts callers that use one client, and a worker that uses another.
func startLoad(t *testing.T, workers, callers redis.UniversalClient, tolerable func(error) bool) *load {
	t.Helper()
	var runs sync.Map // call → number of runs
	once := rpc.NewMethod[int, int]("Once")
	s := rpc.NewServer(workers, service)
	once.Handle(s, func(_ context.Context, n int) (int, error) {
		count, _ := runs.LoadOrStore(n, new(atomic.Int64))
		count.(*atomic.Int64).Add(1)
		return n, nil
	})
	running, end := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(running) }()
	c := rpc.NewClient(callers, service)
	if _, err := once.Call(t.Context(), c, -1, waitForWorker); err != nil {
		t.Error(err)
	}
	l := &load{}
	calling, enough := context.WithCancel(context.Background())
	var group sync.WaitGroup
	var next atomic.Int64
	for range 8 {
		group.Go(func() {
			for calling.Err() == nil {
				n := int(next.Add(1))
				got, err := once.Call(context.Background(), c, n)
				switch {
				case err == nil && got == n:
					l.good.Add(1)
				case tolerable(err):
					l.bad.Add(1)
					if count, ok := runs.Load(n); ok && !errors.Is(err, desir.ErrMaybeRan) {
						t.Errorf("call %d ran %d times, and its caller was told that it did not: %v", n, count.(*atomic.Int64).Load(), err)
					}
				default:
					t.Errorf("call %d: %d, %v", n, got, err)
				}
			}
		})
	}
	l.stop = sync.OnceFunc(func() {
		enough()
		group.Wait()
		end()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
		runs.Range(func(n, count any) bool {
			if k := count.(*atomic.Int64).Load(); k > 1 {
				t.Errorf("call %v ran %d times", n, k)
			}
			return true
		})
		t.Logf("%d calls answered, %d ended with an error", l.good.Load(), l.bad.Load())
	})
	t.Cleanup(l.stop)
	return l
}

// awaitProgress waits until n more calls have a result.
func (l *load) awaitProgress(t *testing.T, n int64, within time.Duration) {
	t.Helper()
	before := l.good.Load()
	redistest.Eventually(t, within, func() bool { return l.good.Load() > before+n }, "calls are answered")
}

// isOutageError reports whether a call may end with err while a server is away.
func isOutageError(err error) bool {
	return errors.Is(err, desir.ErrMaybeRan) || errors.Is(err, desir.ErrUnavailable) || errors.Is(err, rpc.ErrNoWorkers)
}

// TestServerKilled kills the server under load and restarts it with its data.
func TestServerKilled(t *testing.T) {
	t.Parallel()
	srv := redistest.StartServer(t, redistest.AOF("everysec"))
	l := startLoad(t, srv.Client(t), srv.Client(t), isOutageError)
	for range 2 {
		l.awaitProgress(t, 200, 30*time.Second)
		srv.Kill()
		srv.Restart()
	}
	l.awaitProgress(t, 200, time.Minute)
	l.stop()
}

// TestFailover kills a master under load: calls continue at the new one.
func TestFailover(t *testing.T) {
	t.Parallel()
	for where, start := range map[string]func(*testing.T) (client func() redis.UniversalClient, master func() *redistest.Server){
		"sentinel": func(t *testing.T) (func() redis.UniversalClient, func() *redistest.Server) {
			s := redistest.StartSentinel(t)
			return func() redis.UniversalClient { return s.Client(t) }, s.Master
		},
		"cluster": func(t *testing.T) (func() redis.UniversalClient, func() *redistest.Server) {
			c := redistest.StartCluster(t, 1)
			return func() redis.UniversalClient { return c.Client(t) }, func() *redistest.Server { return c.MasterFor(service) }
		},
	} {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			client, master := start(t)
			l := startLoad(t, client(), client(), isOutageError)
			l.awaitProgress(t, 200, 30*time.Second)
			old := master()
			old.Kill()
			redistest.Eventually(t, time.Minute, func() bool {
				m := master()
				return m != nil && m != old
			}, "another master")
			there := time.Now()
			l.awaitProgress(t, 200, time.Minute)
			t.Logf("calls were answered again %v after the other master was there", time.Since(there))
			l.stop()
		})
	}
}

// TestSlotMoves moves the slot of the service under load. Only calls in a reply that was
// cut off may fail.
func TestSlotMoves(t *testing.T) {
	t.Parallel()
	cluster := redistest.StartCluster(t, 0)
	l := startLoad(t, cluster.Client(t), cluster.Client(t), isOutageError)
	for i := range 3 {
		l.awaitProgress(t, 200, 30*time.Second)
		from := cluster.MasterFor(service)
		to := cluster.Nodes[i]
		if to == from {
			to = cluster.Nodes[(i+1)%3]
		}
		cluster.MoveSlot(t, service, to, func() {})
	}
	l.awaitProgress(t, 200, time.Minute)
	l.stop()
}

// TestInboxMoves makes calls while the slot of the client's inbox is migrating, before
// and after the inbox itself has moved: results are read from where the inbox is.
func TestInboxMoves(t *testing.T) {
	t.Parallel()
	cluster := redistest.StartCluster(t, 0)
	var caller atomic.Value
	who := rpc.NewMethod[string, string]("Who")
	s := rpc.NewServer(cluster.Client(t), service)
	who.Handle(s, func(ctx context.Context, what string) (string, error) {
		info, _ := rpc.InfoFrom(ctx)
		caller.Store(info.Caller)
		return what, nil
	})
	run(t, s)
	c := rpc.NewClient(cluster.Client(t), service)
	call := func(when string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if got, err := who.Call(ctx, c, when, waitForWorker); err != nil || got != when {
			t.Errorf("%s: %q, %v", when, got, err)
		}
	}
	call("before")
	inbox := "desir:inbox:" + caller.Load().(string)
	for range 2 {
		to := cluster.Nodes[0]
		for i := 0; to == cluster.MasterFor(inbox) || to == cluster.MasterFor(service); i++ {
			to = cluster.Nodes[i]
		}
		cluster.MoveSlot(t, inbox, to, func() {
			for range 3 {
				call("half moved")
			}
		})
		call("after")
	}
}
