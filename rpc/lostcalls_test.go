package rpc_test

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"testing"
	"time"
	"weak"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/rpc"
)

// lostCallTime is the time within which a call ends that no worker has: two leases, two
// checks, and extra time for a busy machine.
const lostCallTime = 30*time.Second + 15*time.Second

// gatedWorker is a worker with one handler, which blocks until the test opens the gate.
type gatedWorker struct {
	method rpc.Method[int, int]
	gate   chan struct{}
	end    func()
}

func startGatedWorker(t *testing.T, rdb redis.UniversalClient) *gatedWorker {
	t.Helper()
	b := &gatedWorker{method: rpc.NewMethod[int, int]("Block"), gate: make(chan struct{})}
	s := rpc.NewServer(rdb, service, rpc.Concurrency(1), rpc.Grace(0))
	b.method.Handle(s, func(ctx context.Context, n int) (int, error) {
		rdb.Incr(context.Background(), holdsKey)
		select {
		case <-b.gate:
			return n, nil
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	})
	sum.Handle(s, addUp)
	b.end = run(t, s)
	return b
}

// waitWithin waits for a call without a deadline, which must end within d.
func waitWithin[T any](t *testing.T, what string, d time.Duration, p *rpc.Pending[T]) (T, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	start := time.Now()
	got, err := p.Wait(ctx)
	if ctx.Err() != nil {
		t.Fatalf("%s has not ended after %v", what, d)
	}
	t.Logf("%s ended after %v: %v, %v", what, time.Since(start).Round(time.Millisecond), got, err)
	return got, err
}

// awaitQueued waits until n calls are in the list.
func awaitQueued(t *testing.T, rdb redis.UniversalClient, n int64) {
	t.Helper()
	redistest.Eventually(t, 20*time.Second, func() bool { return rdb.LLen(t.Context(), service).Val() == n }, "calls wait")
}

// TestLateRead delays the read of a worker until long after the worker gave it up: it
// takes no call.
func TestLateRead(t *testing.T) {
	t.Parallel()
	t.Run("server", func(t *testing.T) {
		t.Parallel()
		srv := redistest.StartServer(t)
		p := redistest.NewProxy(t, srv.Addr)
		mine := redis.NewClient(&redis.Options{Addr: p.Addr()})
		t.Cleanup(func() { _ = mine.Close() })
		testLateRead(t, srv, p, mine)
	})
	t.Run("cluster", func(t *testing.T) {
		t.Parallel()
		cluster := redistest.StartCluster(t, 0)
		p := redistest.NewProxy(t, "")
		mine := cluster.Client(t, func(o *redis.ClusterOptions) { o.Dialer = p.Dialer() })
		testLateRead(t, cluster.MasterFor(service), p, mine)
	})
}

// testLateRead runs that test with a worker behind a proxy.
func testLateRead(t *testing.T, srv *redistest.Server, p *redistest.Proxy, mine redis.UniversalClient) {
	rdb, caller := srv.Client(t), mine
	if _, one := mine.(*redis.Client); one {
		caller = srv.Client(t) // its connections are not disturbed
	}
	executed := p.CountFunc(redistest.Command("blmpop", "blpop"))
	late, release := p.HoldRequest(1, redistest.Command("blmpop", "blpop"))
	w := startGatedWorker(t, mine)
	redistest.Eventually(t, 20*time.Second, func() bool { return late() == 1 }, "the worker reads")
	p.CloseClients()
	c := rpc.NewClient(caller, service)
	runs := w.method.Go(t.Context(), c, 1, waitForWorker)
	awaitRunning(t, caller, 1) // taken by the second read; the first one is still delayed
	redistest.Eventually(t, 20*time.Second, func() bool { return rdb.ZCard(t.Context(), "{"+service+"}:ended").Val() == 1 }, "the incarnation that gave it up has ended")
	waiting := w.method.Go(t.Context(), c, 2)
	awaitQueued(t, rdb, 1)
	before := executed()
	release()
	redistest.Eventually(t, 20*time.Second, func() bool { return executed() > before }, "the late read arrives")
	redistest.Eventually(t, 20*time.Second, func() bool {
		return len(rdb.Keys(t.Context(), "{"+service+"}:poke:*").Val()) == 0 || rdb.LLen(t.Context(), service).Val() == 0
	}, "the late read is executed")
	if n := rdb.LLen(t.Context(), service).Val(); n != 1 {
		t.Errorf("%d calls wait after a late read; want 1", n)
	}
	close(w.gate)
	// Both may end with ErrMaybeRan.
	for want, p := range map[int]*rpc.Pending[int]{1: runs, 2: waiting} {
		if got, err := waitWithin(t, "a call", lostCallTime, p); got != want && !errors.Is(err, desir.ErrMaybeRan) {
			t.Errorf("%d, %v; want %d", got, err, want)
		}
	}
}

// TestSilentRead makes the connection of a worker silent for longer than the worker
// waits, while calls are popped for its read. The worker reads over a new connection, and
// runs what the silent one brings in the end.
func TestSilentRead(t *testing.T) {
	t.Parallel()
	srv := redistest.StartServer(t)
	p := redistest.NewProxy(t, srv.Addr)
	mine := redis.NewClient(&redis.Options{Addr: p.Addr(), ReadTimeout: time.Second})
	t.Cleanup(func() { _ = mine.Close() })
	log := &logBuffer{}
	s, end := serve(t, mine, rpc.Logger(slog.New(slog.NewTextHandler(log, nil))))
	rdb := srv.Client(t)
	c := rpc.NewClient(rdb, service)
	mustSum(t, c)
	reads := p.Count("blmpop")
	redistest.Eventually(t, 20*time.Second, func() bool { return p.Count("blmpop") > reads }, "a read blocks")
	p.BlackHole(true)
	var calls []*rpc.Pending[int]
	for range 20 {
		calls = append(calls, sum.Go(t.Context(), c, []int{1, 2}, waitForWorker))
	}
	redistest.Eventually(t, 20*time.Second, func() bool { return log.count("over a new connection") == 1 }, "the read is late")
	p.BlackHole(false)
	for _, call := range calls {
		if got, err := waitWithin(t, "a call", lostCallTime, call); err != nil || got != 3 {
			t.Errorf("%d, %v; want 3", got, err)
		}
	}
	if n := s.Stats().Dropped; n != 0 {
		t.Errorf("%d incarnations were given up", n)
	}
	mustSum(t, c)
	end()
	if all, err := c.Workers(t.Context()); len(all) != 0 || err != nil {
		t.Errorf("%d workers are left, %v", len(all), err)
	}
	if n := rdb.ZCard(t.Context(), "{"+service+"}:ended").Val(); n != 0 {
		t.Errorf("%d incarnations have ended uncleanly", n)
	}
}

// TestSilentReadEnds ends a worker whose silent connection brings nothing: the worker
// ends, and the calls end with an error.
func TestSilentReadEnds(t *testing.T) {
	t.Parallel()
	redistest.Slow(t)
	srv := redistest.StartServer(t)
	p := redistest.NewProxy(t, srv.Addr)
	mine := redis.NewClient(&redis.Options{Addr: p.Addr(), ReadTimeout: time.Second})
	t.Cleanup(func() { _ = mine.Close() })
	log := &logBuffer{}
	p.Swallow(1, redistest.Command("blmpop"))
	s, end := serve(t, mine, rpc.Logger(slog.New(slog.NewTextHandler(log, nil))))
	rdb := srv.Client(t)
	c := rpc.NewClient(rdb, service)
	call := sum.Go(t.Context(), c, []int{1, 2}, waitForWorker)
	redistest.Eventually(t, 20*time.Second, func() bool { return log.count("over a new connection") == 1 }, "the read is late")
	mustSum(t, c)
	end()
	if n := s.Stats().Dropped; n != 1 {
		t.Errorf("%d incarnations were given up; want 1", n)
	}
	_, err := waitWithin(t, "the call", lostCallTime, call)
	checkRanOrLost(t, "the call", err)
}

// TestStarvedWorker occupies the pool of a worker's client with other commands. The
// worker still renews its lease, and when it dies its calls end with an error.
func TestStarvedWorker(t *testing.T) {
	t.Parallel()
	redistest.Slow(t)
	srv := redistest.StartServer(t)
	rdb := srv.Client(t)
	p := redistest.NewProxy(t, srv.Addr)
	mine := redis.NewClient(&redis.Options{Addr: p.Addr(), PoolSize: 3, PoolTimeout: 30 * time.Second})
	t.Cleanup(func() { _ = mine.Close() })
	other := startGatedWorker(t, rdb)
	c := rpc.NewClient(rdb, service)
	busy := other.method.Go(t.Context(), c, 1, waitForWorker) // occupies the other worker
	awaitRunning(t, rdb, 1)
	s := rpc.NewServer(mine, service, rpc.Grace(0))
	other.method.Handle(s, blockUntilDone[int](rdb))
	run(t, s)
	redistest.Eventually(t, 20*time.Second, func() bool { all, _ := c.Workers(t.Context()); return len(all) == 2 }, "both workers are there")
	all, err := c.Workers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	lease := func() float64 { return rdb.ZScore(t.Context(), "{"+service+"}:workers", all[1].ID).Val() }
	for range 3 { // occupy the pool
		go mine.BLPop(context.Background(), time.Minute, "none")
	}
	for range 2 {
		before := lease()
		redistest.Eventually(t, 20*time.Second, func() bool { return lease() > before }, "the lease is renewed")
	}
	lost := other.method.Go(t.Context(), c, 2)
	awaitRunning(t, rdb, 2)
	p.BlackHole(true)
	_, err = waitWithin(t, "the call of the worker that died", lostCallTime, lost)
	checkRanOrLost(t, "the call of the worker that died", err)
	p.BlackHole(false)
	rdb.RPush(t.Context(), "none", 1, 2, 3)
	close(other.gate)
	_, _ = waitWithin(t, "the other call", lostCallTime, busy)
}

// TestExpiredWorker uses a worker that cannot renew its lease but can read: when the
// lease has expired, it takes no calls.
func TestExpiredWorker(t *testing.T) {
	t.Parallel()
	redistest.Slow(t)
	srv := redistest.StartServer(t)
	rdb := srv.Client(t)
	p := redistest.NewProxy(t, srv.Addr)
	mine := redis.NewClient(&redis.Options{Addr: p.Addr()})
	t.Cleanup(func() { _ = mine.Close() })
	other := startGatedWorker(t, rdb)
	c := rpc.NewClient(rdb, service)
	busy := other.method.Go(t.Context(), c, 1, waitForWorker)
	awaitRunning(t, rdb, 1)
	s := rpc.NewServer(mine, service, rpc.Grace(0))
	other.method.Handle(s, blockUntilDone[int](rdb))
	run(t, s)
	workers := func(n int) func() bool {
		return func() bool { all, _ := c.Workers(t.Context()); return len(all) == n }
	}
	redistest.Eventually(t, 20*time.Second, workers(2), "both workers are there")
	p.CutRequest(-1, redistest.All(redistest.Arg("10000"), redistest.Command("evalsha", "eval")))
	redistest.Eventually(t, 30*time.Second, workers(1), "its lease runs out")
	// Calls that are stored before another process has removed it count as perhaps run.
	removed := func() bool { return rdb.ZCard(t.Context(), "{"+service+"}:workers").Val() == 1 }
	redistest.Eventually(t, 30*time.Second, removed, "it is removed")
	reads := p.Count("blmpop")
	lost := other.method.Go(t.Context(), c, 2)
	_, err := waitWithin(t, "the call", 5*time.Second, other.method.Go(withTimeout(t, 4*time.Second), c, 3))
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a call that no worker can take: %v; want DeadlineExceeded", err)
	}
	if n := p.Count("blmpop"); n != reads {
		t.Errorf("%d reads without a lease", n-reads)
	}
	p.BlackHole(true) // it dies
	close(other.gate)
	if got, err := waitWithin(t, "the call that waited", lostCallTime, lost); err != nil && !errors.Is(err, desir.ErrMaybeRan) {
		t.Errorf("the call that waited: %d, %v", got, err)
	}
	_, _ = waitWithin(t, "the other call", lostCallTime, busy)
	p.BlackHole(false)
}

func withTimeout(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// TestWithdrawalLost loses the reply to the script that removes a call from the list,
// while the only worker restarts.
func TestWithdrawalLost(t *testing.T) {
	t.Parallel()
	redistest.Slow(t)
	srv := redistest.StartServer(t)
	rdb := srv.Client(t)
	p := redistest.NewProxy(t, srv.Addr)
	mine := redis.NewClient(&redis.Options{Addr: p.Addr()})
	t.Cleanup(func() { _ = mine.Close() })
	c := rpc.NewClient(mine, service)
	w := startGatedWorker(t, rdb)
	runs := w.method.Go(t.Context(), c, 1, waitForWorker)
	awaitRunning(t, rdb, 1)
	waiting := w.method.Go(t.Context(), c, 2)
	awaitQueued(t, rdb, 1)
	// The first run is by EVAL.
	p.CutReply(1, redistest.All(redistest.Command("eval"), redistest.Arg(service)))
	w.end()
	_, _ = waitWithin(t, "the call that ran", lostCallTime, runs)
	awaitQueued(t, rdb, 0) // it was removed
	serve(t, rdb)
	_, err := waitWithin(t, "the call that waited", lostCallTime, waiting)
	if !errors.Is(err, desir.ErrMaybeRan) && !errors.Is(err, rpc.ErrNoWorkers) {
		t.Errorf("the call that waited: %v", err)
	}
	mustSum(t, c)
}

// TestListLosesCalls makes the server lose waiting calls, as a failover does, while all
// workers are busy. The lost calls end with an error, and the running calls do not.
func TestListLosesCalls(t *testing.T) {
	t.Parallel()
	redistest.Slow(t)
	srv := redistest.StartServer(t)
	rdb := srv.Client(t)
	w := startGatedWorker(t, rdb)
	c := rpc.NewClient(srv.Client(t), service)
	runs := w.method.Go(t.Context(), c, 1, waitForWorker)
	awaitRunning(t, rdb, 1)
	lost := w.method.Go(t.Context(), c, 2)
	awaitQueued(t, rdb, 1)
	if err := rdb.Del(t.Context(), service).Err(); err != nil {
		t.Fatal(err)
	}
	waiting := w.method.Go(t.Context(), c, 3)
	awaitQueued(t, rdb, 1)
	_, err := waitWithin(t, "the call that was lost", lostCallTime, lost)
	checkRanOrLost(t, "the call that was lost", err)
	for what, p := range map[string]*rpc.Pending[int]{"the call that runs": runs, "the call that waits": waiting} {
		select {
		case <-p.Done():
			_, err := p.Wait(t.Context())
			t.Errorf("%s has ended: %v", what, err)
		default:
		}
	}
	close(w.gate)
	for want, p := range map[int]*rpc.Pending[int]{1: runs, 3: waiting} {
		if got, err := waitWithin(t, "a call", lostCallTime, p); err != nil || got != want {
			t.Errorf("%d, %v; want %d", got, err, want)
		}
	}
}

// TestClosedClientCollected closes clients that have made calls: the garbage collector
// frees them.
func TestClosedClientCollected(t *testing.T) {
	t.Parallel()
	srv := redistest.StartServer(t)
	serve(t, srv.Client(t))
	var rdbs []weak.Pointer[redis.Client]
	for range 5 {
		rdb := redis.NewClient(&redis.Options{Addr: srv.Addr})
		mustSum(t, rpc.NewClient(rdb, service))
		if err := rdb.Close(); err != nil {
			t.Fatal(err)
		}
		rdbs = append(rdbs, weak.Make(rdb))
	}
	redistest.Eventually(t, 20*time.Second, func() bool {
		runtime.GC()
		for _, c := range rdbs {
			if c.Value() != nil {
				return false
			}
		}
		return true
	}, "the clients are collected")
}
