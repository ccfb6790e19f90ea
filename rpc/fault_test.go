package rpc_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/rpc"
)

// deadWorkerTime is the time within which a call ends whose worker died: the lease, 5 s,
// and extra time for a busy machine.
const deadWorkerTime = 15*time.Second + 10*time.Second

// checkRanOrLost fails unless err means only that the call may have run.
func checkRanOrLost(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, desir.ErrMaybeRan) || errors.Is(err, desir.ErrUnavailable) || isWorkerError(err) || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%s: %v; want ErrMaybeRan alone", what, err)
	}
}

// startChild starts a worker process.
func startChild(t testing.TB, addr string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+addr)
	cmd.Stderr = os.Stderr
	if _, err := cmd.StdinPipe(); err != nil { // the process watches it
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd
}

// TestWorkerKilled kills a worker that has calls, with and without a deadline.
func TestWorkerKilled(t *testing.T) {
	t.Parallel()
	redistest.Slow(t)
	srv := redistest.StartServer(t)
	rdb := srv.Client(t)
	c := rpc.NewClient(rdb, service)
	cmd := startChild(t, srv.Addr)
	mustSum(t, c)
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	with, without := hold.Go(ctx, c, "a"), hold.Go(t.Context(), c, "b")
	awaitRunning(t, rdb, 2)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	died := time.Now()
	for what, p := range map[string]*rpc.Pending[string]{"with a deadline": with, "without": without} {
		_, err := p.Wait(t.Context())
		checkRanOrLost(t, what, err)
	}
	if took := time.Since(died); took > deadWorkerTime {
		t.Errorf("the calls ended after %v", took)
	}
	if _, err := sum.Call(t.Context(), c, nil); !errors.Is(err, rpc.ErrNoWorkers) {
		t.Errorf("once the lease is over: %v; want ErrNoWorkers", err)
	}
	serve(t, rdb)
	mustSum(t, c)
}

// TestOtherWorkerContinues kills one of two workers: the other one's calls are not
// affected.
func TestOtherWorkerContinues(t *testing.T) {
	t.Parallel()
	srv := redistest.StartServer(t)
	rdb := srv.Client(t)
	c := rpc.NewClient(rdb, service)
	cmd := startChild(t, srv.Addr)
	mustSum(t, c)
	serve(t, srv.Client(t))
	redistest.Eventually(t, 20*time.Second, func() bool { all, _ := c.Workers(t.Context()); return len(all) == 2 }, "both workers are there")
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	// The server may still give one call to the dead worker's blocked read.
	ok := 0
	for range 100 {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		if got, err := sum.Call(ctx, c, []int{1, 2}); err == nil && got == 3 {
			ok++
		}
		cancel()
	}
	if ok < 99 {
		t.Errorf("%d of 100 calls were answered", ok)
	}
}

// TestRepliesLost loses the reply to each command that a call needs, by name, in three
// ways.
func TestRepliesLost(t *testing.T) {
	t.Parallel()
	// Identified by its number of keys and an argument.
	script := func(word string) redistest.Match {
		return redistest.All(redistest.Command("evalsha", "eval"), redistest.Arg(word))
	}
	faults := map[string]func(p *redistest.Proxy, m redistest.Match){
		"cut":     func(p *redistest.Proxy, m redistest.Match) { p.CutReply(1, m) },
		"half":    func(p *redistest.Proxy, m redistest.Match) { p.HalfReply(1, m) },
		"swallow": func(p *redistest.Proxy, m redistest.Match) { p.Swallow(1, m) },
	}
	for what, x := range map[string]struct {
		match      redistest.Match
		quick      bool // the handler is known to be quick, so it runs inline
		least, may int  // calls that end with ErrMaybeRan; the others succeed
	}{
		"call":    {redistest.All(script(service), redistest.Arg("{"+service+"}:alive"), redistest.Arg("86400000")), false, 0, 0},
		"check":   {redistest.All(script("{"+service+"}:ended"), not(redistest.Arg("{"+service+"}:alive"))), false, 0, 0},
		"key":     {script("300000"), false, 0, 0},
		"lease":   {redistest.All(script("{"+service+"}:ended"), redistest.Arg("{"+service+"}:alive")), false, 0, 0},
		"results": {redistest.Command("xadd"), false, 0, 0},
		// Over the reading connection, perhaps together with the read.
		"along": {redistest.Command("xadd"), true, 0, 1},
		"inbox": {redistest.Command("xread"), false, 0, 0},
		"calls": {redistest.Command("blmpop"), false, 1, 1},
		"more":  {redistest.Command("blmpop"), true, 1, 1},
	} {
		for how, fault := range faults {
			t.Run(what+"/"+how, func(t *testing.T) {
				t.Parallel()
				srv := redistest.StartServer(t)
				p := redistest.NewProxy(t, srv.Addr)
				rdb := redis.NewClient(&redis.Options{Addr: p.Addr(), ReadTimeout: time.Second, WriteTimeout: time.Second})
				t.Cleanup(func() { _ = rdb.Close() })
				c := rpc.NewClient(rdb, service)
				if what == "check" || what == "key" || what == "lease" { // sent before the call
					fault(p, x.match)
				}
				_, end := serve(t, rdb)
				mustSum(t, c)
				if x.quick {
					makeQuick(t, c)
				}
				fault(p, x.match)
				ended := 0
				for range 2 { // a read that has already begun does not match
					start := time.Now()
					got, err := sum.Call(t.Context(), c, []int{20, 22})
					switch {
					case ended < x.may && err != nil:
						ended++
						checkRanOrLost(t, "the call", err)
					case err != nil || got != 42:
						t.Errorf("the call: %d, %v; want 42", got, err)
					}
					// A silent read ends only by its timeout.
					if took := time.Since(start); took > lostCallTime {
						t.Errorf("the call ended after %v", took)
					}
				}
				if ended < x.least {
					t.Errorf("%d calls ended with ErrMaybeRan; want %d", ended, x.least)
				}
				p.Reset()
				mustSum(t, c)
				end()
				if n := rdb.ZCard(t.Context(), "{"+service+"}:workers").Val(); n != 0 {
					t.Errorf("%d workers are left", n)
				}
			})
		}
	}
}

// TestResultsResent loses requests that deliver results: the retry does not wait until
// the next read has ended.
func TestResultsResent(t *testing.T) {
	t.Parallel()
	srv := redistest.StartServer(t)
	p := redistest.NewProxy(t, srv.Addr)
	rdb := redis.NewClient(&redis.Options{Addr: p.Addr()})
	t.Cleanup(func() { _ = rdb.Close() })
	serve(t, rdb)
	c := rpc.NewClient(rdb, service)
	makeQuick(t, c)
	const faults = 20
	start := time.Now()
	for range faults {
		p.CutRequest(1, redistest.Command("xadd"))
		mustSum(t, c)
	}
	if took := time.Since(start); took > faults*time.Second/2 {
		t.Errorf("%d calls took %v", faults, took)
	}
}

// TestSlowBatches makes a quick handler slow now and then: the goroutines that lose their
// batch do not stay.
func TestSlowBatches(t *testing.T) {
	t.Parallel()
	srv := redistest.StartServer(t)
	rdb := srv.Client(t)
	var fast, slow atomic.Int64
	s := rpc.NewServer(rdb, service)
	sum.Handle(s, func(context.Context, []int) (int, error) {
		if fast.Add(1)%50 == 0 {
			slow.Add(1)
			time.Sleep(3 * time.Millisecond)
		}
		return 3, nil
	})
	run(t, s)
	c := rpc.NewClient(rdb, service)
	readers := func() int {
		var all strings.Builder
		if err := pprof.Lookup("goroutine").WriteTo(&all, 2); err != nil {
			t.Fatal(err)
		}
		return strings.Count(all.String(), "worker.(*callLoop).loop(")
	}
	mustSum(t, c)
	before := readers() // of all running tests
	for slow.Load() < 200 {
		mustSum(t, c)
	}
	if n := readers() - before; n > 100 {
		t.Errorf("%d goroutines more that read or have read", n)
	}
}

// makeQuick makes calls until the handler is known to be quick.
func makeQuick(t *testing.T, c *rpc.Client) {
	t.Helper()
	for range 100 {
		mustSum(t, c)
	}
}

func not(m redistest.Match) redistest.Match { return func(args []string) bool { return !m(args) } }

// TestServerLosesData restarts the server without its data: pending calls end.
func TestServerLosesData(t *testing.T) {
	t.Parallel()
	srv := redistest.StartServer(t)
	rdb := srv.Client(t)
	c := rpc.NewClient(rdb, service)
	serve(t, rdb, rpc.Grace(0))
	mustSum(t, c)
	p := hold.Go(t.Context(), c, "a")
	awaitRunning(t, rdb, 1)
	srv.Kill()
	srv.Restart()
	start := time.Now()
	_, err := p.Wait(t.Context())
	checkRanOrLost(t, "a call that was out", err)
	if took := time.Since(start); took > deadWorkerTime {
		t.Errorf("it ended after %v", took)
	}
	mustSum(t, c)
}

// TestServerGone checks that calls end even if the server never returns.
func TestServerGone(t *testing.T) {
	t.Parallel()
	redistest.Slow(t)
	srv := redistest.StartServer(t)
	rdb := srv.Client(t)
	c := rpc.NewClient(rdb, service)
	startChild(t, srv.Addr)
	mustSum(t, c)
	p := hold.Go(t.Context(), c, "a")
	awaitRunning(t, rdb, 1)
	srv.Kill()
	_, err := p.Wait(t.Context())
	checkRanOrLost(t, "a call that was out", err)
	if _, err := sum.Call(t.Context(), c, nil); !errors.Is(err, desir.ErrUnavailable) {
		t.Errorf("another call: %v; want ErrUnavailable", err)
	}
}

// TestWithdrawn ends a worker cleanly while calls wait, one call or more than one script
// run removes: they did not run.
func TestWithdrawn(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 1000} {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			t.Parallel()
			srv := redistest.StartServer(t)
			rdb := srv.Client(t)
			c := rpc.NewClient(rdb, service)
			_, end := serve(t, rdb, rpc.Concurrency(1), rpc.Grace(0))
			mustSum(t, c)
			runs := hold.Go(t.Context(), c, "runs")
			awaitRunning(t, rdb, 1)
			waits := make([]*rpc.Pending[int], n)
			for i := range waits {
				waits[i] = sum.Go(t.Context(), c, []int{1})
			}
			redistest.Eventually(t, 20*time.Second, func() bool { return rdb.LLen(t.Context(), service).Val() == int64(n) }, "the others wait")
			end()
			start := time.Now()
			if _, err := runs.Wait(t.Context()); rpc.CodeOf(err) != rpc.Canceled || !isWorkerError(err) {
				t.Errorf("the call that ran: %v; want Canceled of the worker", err)
			}
			for _, p := range waits {
				if _, err := p.Wait(t.Context()); !errors.Is(err, rpc.ErrNoWorkers) || errors.Is(err, desir.ErrMaybeRan) {
					t.Fatalf("a call that waited: %v; want ErrNoWorkers", err)
				}
			}
			// 1000 calls, 128 per check, would take 40 s.
			if took := time.Since(start); took > deadWorkerTime {
				t.Errorf("they ended after %v", took)
			}
			if n := rdb.Exists(t.Context(), service).Val(); n != 0 {
				t.Error("it is still in the list")
			}
		})
	}
}

// TestResultsUnreadable makes calls as a user without permission to read results, and
// with an inbox of another type: calls without a deadline end.
func TestResultsUnreadable(t *testing.T) {
	t.Parallel()
	srv := redistest.StartServer(t)
	rdb := srv.Client(t)
	serve(t, rdb, rpc.Grace(0))
	mustSum(t, rpc.NewClient(rdb, service))
	if err := rdb.Do(t.Context(), "acl", "setuser", "mute", "on", ">secret", "~*", "&*", "+@all", "-xread").Err(); err != nil {
		t.Fatal(err)
	}
	denied := srv.Client(t, func(o *redis.Options) { o.Username, o.Password = "mute", "secret" })
	_, err := sum.Call(context.Background(), rpc.NewClient(denied, service), []int{1})
	if errors.Is(err, desir.ErrDenied) || !errors.Is(err, desir.ErrMaybeRan) || !strings.Contains(err.Error(), "NOPERM") {
		t.Errorf("who may not read: %v; want ErrMaybeRan alone, for want of a right", err)
	}

	other := srv.Client(t)
	c := rpc.NewClient(other, service)
	mustSum(t, c)
	p := hold.Go(context.Background(), c, "a")
	awaitRunning(t, rdb, 1)
	for _, key := range rdb.Keys(t.Context(), "desir:inbox:*").Val() {
		if err := rdb.Set(t.Context(), key, "", time.Minute).Err(); err != nil {
			t.Fatal(err)
		}
	}
	_, err = p.Wait(t.Context())
	if errors.Is(err, desir.ErrWrongType) || !errors.Is(err, desir.ErrMaybeRan) || !strings.Contains(err.Error(), "WRONGTYPE") {
		t.Errorf("an inbox of another type: %v; want ErrMaybeRan alone, for a type", err)
	}
}

// TestUndelivered uses a worker without permission to write results: calls without a
// deadline end.
func TestUndelivered(t *testing.T) {
	t.Parallel()
	redistest.Slow(t)
	srv := redistest.StartServer(t)
	rdb := srv.Client(t)
	if err := rdb.Do(t.Context(), "acl", "setuser", "mute", "on", ">secret", "~*", "&*", "+@all", "-xadd").Err(); err != nil {
		t.Fatal(err)
	}
	s, _ := serve(t, srv.Client(t, func(o *redis.Options) { o.Username, o.Password = "mute", "secret" }), rpc.Grace(0))
	c := rpc.NewClient(rdb, service)
	start := time.Now()
	_, err := sum.Call(context.Background(), c, []int{1}, waitForWorker)
	checkRanOrLost(t, "a call whose result was refused", err)
	if took := time.Since(start); took > lostCallTime {
		t.Errorf("it ended after %v", took)
	}
	if n := s.Stats().Undelivered; n != 1 {
		t.Errorf("%d results were not delivered; want 1", n)
	}
	if err := rdb.Do(t.Context(), "acl", "setuser", "mute", "+xadd").Err(); err != nil {
		t.Fatal(err)
	}
	mustSum(t, c)
}

// TestIdleWorker uses a server that closes idle connections. The connection of a worker
// with busy handlers is idle. Its calls continue.
func TestIdleWorker(t *testing.T) {
	t.Parallel()
	srv := redistest.StartServer(t, redistest.Config("timeout", "1"))
	rdb := srv.Client(t)
	s := rpc.NewServer(rdb, service, rpc.Concurrency(1))
	hold.Handle(s, func(_ context.Context, what string) (string, error) {
		// More than the server's second, which the server checks only now and then.
		time.Sleep(4 * time.Second)
		return what, nil
	})
	run(t, s)
	c := rpc.NewClient(rdb, service)
	first, second := hold.Go(t.Context(), c, "first", waitForWorker), hold.Go(t.Context(), c, "second", waitForWorker)
	for want, p := range map[string]*rpc.Pending[string]{"first": first, "second": second} {
		if got, err := p.Wait(t.Context()); err != nil || got != want {
			t.Errorf("%q, %v; want %q", got, err, want)
		}
	}
	if n := s.Stats().Dropped; n != 0 {
		t.Errorf("%d reads were cut", n)
	}
}

// TestCutOften cuts all connections repeatedly: a live worker is always found.
func TestCutOften(t *testing.T) {
	t.Parallel()
	redistest.Slow(t)
	srv := redistest.StartServer(t)
	rdb := srv.Client(t)
	startChild(t, srv.Addr)
	c := rpc.NewClient(rdb, service)
	mustSum(t, c)
	killer := srv.Client(t)
	for range 200 {
		killer.Do(t.Context(), "client", "kill", "type", "normal", "skipme", "yes")
		for range 5 {
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			if _, err := sum.Call(ctx, c, nil); errors.Is(err, rpc.ErrNoWorkers) {
				t.Fatal("no worker was found")
			}
			cancel()
		}
	}
}

// TestFirstCallCanceled cancels the first call of a client while its inbox is being made:
// the next calls have lost nothing.
func TestFirstCallCanceled(t *testing.T) {
	t.Parallel()
	srv := redistest.StartServer(t)
	p := redistest.NewProxy(t, srv.Addr)
	serve(t, srv.Client(t))
	mustSum(t, rpc.NewClient(srv.Client(t), service)) // load the scripts
	for range 10 {
		rdb := redis.NewClient(&redis.Options{Addr: p.Addr()})
		t.Cleanup(func() { _ = rdb.Close() })
		c := rpc.NewClient(rdb, service)
		p.Delay(1, 100*time.Millisecond, redistest.Arg("300000"))
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		if _, err := sum.Call(ctx, c, nil); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, desir.ErrMaybeRan) {
			t.Errorf("the first call: %v; want DeadlineExceeded alone", err)
		}
		cancel()
		p.Reset()
		mustSum(t, c)
	}
}

// TestRefusedCallsCanceled cancels calls that the server refuses repeatedly: those that
// did not run do not run later.
func TestRefusedCallsCanceled(t *testing.T) {
	t.Parallel()
	srv := redistest.StartServer(t)
	rdb := srv.Client(t)
	var ran atomic.Int64
	s := rpc.NewServer(rdb, service)
	sum.Handle(s, func(_ context.Context, ns []int) (int, error) {
		if len(ns) == 0 {
			ran.Add(1)
		}
		return 3, nil
	})
	run(t, s)
	c := rpc.NewClient(srv.Client(t), service)
	mustSum(t, c)
	if err := rdb.ReplicaOf(t.Context(), "127.0.0.1", "1").Err(); err != nil {
		t.Fatal(err)
	}
	seeds := redistest.Seed(t)
	var group sync.WaitGroup
	var perhaps atomic.Int64
	for range 200 {
		wait := time.Duration(seeds.IntN(40_000)) * time.Microsecond
		group.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), wait)
			defer cancel()
			switch _, err := sum.Call(ctx, c, nil); {
			case errors.Is(err, desir.ErrMaybeRan):
				perhaps.Add(1)
			case !errors.Is(err, desir.ErrUnavailable) && !errors.Is(err, context.DeadlineExceeded):
				t.Errorf("a replica has taken the call: %v", err)
			}
		})
	}
	group.Wait()
	if err := rdb.ReplicaOf(t.Context(), "no", "one").Err(); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		mustSum(t, c)
	}
	if ran.Load() > perhaps.Load() {
		t.Errorf("%d of the refused calls ran; %d may have", ran.Load(), perhaps.Load())
	}
}

// TestRandomCancels cancels a thousand calls at random moments: nothing stays behind.
func TestRandomCancels(t *testing.T) {
	t.Parallel()
	redistest.Goroutines(t)
	srv := redistest.StartServer(t)
	rdb := redis.NewClient(&redis.Options{Addr: srv.Addr})
	t.Cleanup(func() { _ = rdb.Close() })
	c := rpc.NewClient(rdb, service)
	_, end := serve(t, rdb)
	mustSum(t, c)
	seeds := redistest.Seed(t)
	var group sync.WaitGroup
	var done, canceled atomic.Int64
	for g := range 1000 {
		random := rand.New(rand.NewPCG(seeds.Uint64(), uint64(g)))
		group.Go(func() {
			for i := range 5 {
				ctx, cancel := context.WithCancel(t.Context())
				if random.IntN(2) == 0 {
					ctx, cancel = context.WithTimeout(t.Context(), time.Duration(random.IntN(20_000))*time.Microsecond)
				} else {
					time.AfterFunc(time.Duration(random.IntN(20_000))*time.Microsecond, cancel)
				}
				var err error
				if random.IntN(4) == 0 {
					_, err = hold.Call(ctx, c, "x")
				} else {
					var got int
					if got, err = sum.Call(ctx, c, []int{g, i}); err == nil && got != g+i {
						t.Errorf("%d+%d = %d", g, i, got)
					}
				}
				switch {
				case err == nil:
					done.Add(1)
				case ctx.Err() == nil && !isWorkerError(err):
					t.Errorf("a context that had not ended: %v", err)
				case !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded):
					t.Errorf("%v; want the context's error", err)
				default:
					canceled.Add(1)
				}
				cancel()
			}
		})
	}
	group.Wait()
	mustSum(t, c)
	end()
	keys, err := rdb.Keys(t.Context(), "*").Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		if ttl := rdb.PTTL(t.Context(), k).Val(); ttl < 0 && k != holdsKey {
			t.Errorf("the key %s has no expiry", k)
		}
	}
	t.Logf("%d calls answered, %d given up; keys left: %s", done.Load(), canceled.Load(), strings.Join(keys, " "))
}

// TestClientClosed closes a Client that has pending calls.
func TestClientClosed(t *testing.T) {
	t.Parallel()
	srv := redistest.StartServer(t)
	rdb := srv.Client(t)
	c := rpc.NewClient(rdb, service)
	serve(t, rdb, rpc.Grace(0))
	mustSum(t, c)
	p := hold.Go(t.Context(), c, "a")
	awaitRunning(t, rdb, 1)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Wait(t.Context()); !errors.Is(err, desir.ErrClosed) {
		t.Errorf("the pending call: %v; want ErrClosed", err)
	}
}
