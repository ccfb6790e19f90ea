package rpc_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/rpc"
)

// storeCounter counts the calls that are stored through the user's client, whose hooks
// see them. A caller in direct mode stores its call over the connection of the inbox.
type storeCounter struct{ n atomic.Int64 }

func (*storeCounter) DialHook(next redis.DialHook) redis.DialHook { return next }

func (s *storeCounter) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if args := cmd.Args(); len(args) > 3 && args[3] == service {
			s.n.Add(1)
		}
		return next(ctx, cmd)
	}
}

func (*storeCounter) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// directCaller is a caller in direct mode.
type directCaller struct {
	*rpc.Client
	rdb    *redis.Client
	stores *storeCounter
}

func newDirectCaller(t *testing.T, addr string) *directCaller {
	t.Helper()
	rdb := redis.NewClient(&redis.Options{Addr: addr})
	t.Cleanup(func() { _ = rdb.Close() })
	l := &directCaller{Client: rpc.NewClient(rdb, service), rdb: rdb, stores: &storeCounter{}}
	rdb.AddHook(l.stores)
	return l
}

// makeDirect makes calls until one was made in direct mode. On a busy machine this may
// take many calls.
func (l *directCaller) makeDirect(t *testing.T) {
	t.Helper()
	for start := time.Now(); time.Since(start) < time.Minute; {
		before := l.stores.n.Load()
		mustSum(t, l.Client)
		if l.stores.n.Load() == before {
			return
		}
	}
	t.Fatal("no call was direct")
}

// readTime is less than the second after which an uninterrupted read returns.
const readTime = 300 * time.Millisecond

// TestDirect checks events that a caller in direct mode can meet. Each one is tried right
// after a call in direct mode, so that the next one nearly always is, too.
func TestDirect(t *testing.T) {
	t.Parallel()
	srv := redistest.StartServer(t)
	worker := srv.Client(t)
	_, end := serve(t, worker, rpc.Grace(0))
	c := newDirectCaller(t, srv.Addr)
	t.Run("canceled", func(t *testing.T) {
		quickest := time.Hour
		for range 5 {
			worker.Del(t.Context(), holdsKey)
			ctx, cancel := context.WithCancel(t.Context())
			c.makeDirect(t)
			canceled := make(chan time.Time, 1)
			go func() {
				awaitRunning(t, worker, 1)
				canceled <- time.Now()
				cancel()
			}()
			if _, err := hold.Call(ctx, c.Client, "x"); !errors.Is(err, context.Canceled) || !errors.Is(err, desir.ErrMaybeRan) {
				t.Errorf("a canceled call: %v; want Canceled and ErrMaybeRan", err)
			}
			quickest = min(quickest, time.Since(<-canceled))
		}
		if quickest > readTime {
			t.Errorf("five canceled calls ended after %v or more", quickest)
		}
	})
	t.Run("late", func(t *testing.T) {
		c.makeDirect(t)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if _, err := hold.Call(ctx, c.Client, "x"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a call past its deadline: %v; want DeadlineExceeded", err)
		}
	})
	t.Run("longer than a read", func(t *testing.T) {
		c.makeDirect(t)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		if _, err := hold.Call(ctx, c.Client, "x"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a call past its deadline: %v; want DeadlineExceeded", err)
		}
	})
	t.Run("others come", func(t *testing.T) {
		for range 20 {
			worker.Del(t.Context(), holdsKey)
			ctx, cancel := context.WithCancel(t.Context())
			c.makeDirect(t)
			first := hold.Go(ctx, c.Client, "x")
			awaitRunning(t, worker, 1)
			mustSum(t, c.Client)
			cancel()
			if _, err := first.Wait(context.Background()); !errors.Is(err, context.Canceled) {
				t.Errorf("the first call: %v; want Canceled", err)
			}
		}
	})
	t.Run("forgotten script", func(t *testing.T) {
		c.makeDirect(t)
		if err := worker.ScriptFlush(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		mustSum(t, c.Client)
	})
	t.Run("large", func(t *testing.T) { // the connection might not take it without blocking
		c.makeDirect(t)
		before := c.stores.n.Load()
		if _, err := sum.Call(t.Context(), c.Client, make([]int, 5000)); err != nil || c.stores.n.Load() == before {
			t.Errorf("a large call: %v; it led: %t", err, c.stores.n.Load() == before)
		}
	})
	t.Run("another service", func(t *testing.T) {
		c.makeDirect(t)
		if _, err := sum.Call(t.Context(), rpc.NewClient(c.rdb, "nobody"), nil); !errors.Is(err, rpc.ErrNoWorkers) {
			t.Errorf("a service without workers: %v; want ErrNoWorkers", err)
		}
		mustSum(t, c.Client)
	})
	t.Run("closed", func(t *testing.T) {
		quickest := time.Hour
		for range 5 {
			c := newDirectCaller(t, srv.Addr)
			worker.Del(t.Context(), holdsKey)
			c.makeDirect(t)
			closed := make(chan time.Time, 1)
			go func() {
				awaitRunning(t, worker, 1)
				closed <- time.Now()
				_ = c.Close()
			}()
			if _, err := hold.Call(context.Background(), c.Client, "x"); !errors.Is(err, desir.ErrClosed) || !errors.Is(err, desir.ErrMaybeRan) {
				t.Errorf("a Client that was closed: %v; want ErrClosed and ErrMaybeRan", err)
			}
			quickest = min(quickest, time.Since(<-closed))
		}
		if quickest > readTime {
			t.Errorf("five calls of closed Clients ended after %v or more", quickest)
		}
	})
	t.Run("closed redis client", func(t *testing.T) { // our own connection does not notice
		c := newDirectCaller(t, srv.Addr)
		c.makeDirect(t)
		_ = c.rdb.Close()
		for start := time.Now(); ; {
			_, err := sum.Call(t.Context(), c.Client, nil)
			if errors.Is(err, redis.ErrClosed) && errors.Is(err, desir.ErrClosed) {
				break
			}
			if err != nil || time.Since(start) > 20*time.Second {
				t.Fatalf("a call: %v; want ErrClosed", err)
			}
		}
	})
	// A call that was not executed is sent again the usual way.
	t.Run("read only", func(t *testing.T) {
		c.makeDirect(t)
		if err := worker.ReplicaOf(t.Context(), "127.0.0.1", "1").Err(); err != nil {
			t.Fatal(err)
		}
		if _, err := sum.Call(context.Background(), c.Client, nil); !errors.Is(err, desir.ErrUnavailable) || errors.Is(err, desir.ErrMaybeRan) {
			t.Errorf("at a replica: %v; want ErrUnavailable", err)
		}
		if err := worker.ReplicaOf(t.Context(), "no", "one").Err(); err != nil {
			t.Fatal(err)
		}
		mustSum(t, c.Client)
	})
	t.Run("no workers", func(t *testing.T) {
		c.makeDirect(t)
		end()
		if _, err := sum.Call(context.Background(), c.Client, nil); !errors.Is(err, rpc.ErrNoWorkers) {
			t.Errorf("without workers: %v; want ErrNoWorkers", err)
		}
	})
	t.Run("dead server", func(t *testing.T) {
		_, end := serve(t, worker)
		c.makeDirect(t)
		end()
		srv.Kill()
		_, err := sum.Call(context.Background(), c.Client, nil)
		if !errors.Is(err, desir.ErrUnavailable) && !errors.Is(err, desir.ErrMaybeRan) {
			t.Errorf("without a server: %v; want ErrUnavailable or ErrMaybeRan", err)
		}
	})
}

// TestDirectRepliesLost loses what a caller in direct mode sends, and the replies.
func TestDirectRepliesLost(t *testing.T) {
	t.Parallel()
	store := redistest.All(redistest.Command("evalsha"), redistest.Arg("86400000"))
	read := redistest.Command("xread")
	for what, x := range map[string]struct {
		fault func(p *redistest.Proxy)
		may   bool // the call may end with ErrMaybeRan
	}{
		"store cut":      {func(p *redistest.Proxy) { p.CutRequest(1, store) }, true},
		"answer cut":     {func(p *redistest.Proxy) { p.CutReply(1, store) }, false},
		"answer half":    {func(p *redistest.Proxy) { p.HalfReply(1, store) }, false},
		"answer gone":    {func(p *redistest.Proxy) { p.Swallow(1, store) }, false},
		"read cut":       {func(p *redistest.Proxy) { p.CutRequest(1, read) }, false},
		"entries cut":    {func(p *redistest.Proxy) { p.CutReply(1, read) }, false},
		"entries half":   {func(p *redistest.Proxy) { p.HalfReply(1, read) }, false},
		"entries gone":   {func(p *redistest.Proxy) { p.Swallow(1, read) }, false},
		"byte by byte":   {func(p *redistest.Proxy) { p.ByteByByte(true) }, false},
		"all cut":        {func(p *redistest.Proxy) { p.CutAll() }, true},
		"answers slowly": {func(p *redistest.Proxy) { p.Delay(1, 20*time.Millisecond, store) }, false},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			srv := redistest.StartServer(t)
			p := redistest.NewProxy(t, srv.Addr)
			serve(t, srv.Client(t))
			c := newDirectCaller(t, p.Addr())
			for range 3 {
				c.makeDirect(t)
				x.fault(p)
				got, err := sum.Call(t.Context(), c.Client, []int{20, 22})
				switch {
				case err == nil && got == 42:
				case err != nil && x.may:
					checkRanOrLost(t, "the call", err)
				default:
					t.Errorf("the call: %d, %v; want 42", got, err)
				}
				p.Reset()
				p.ByteByByte(false)
			}
		})
	}
}

// TestDirectAlternates starts and cancels calls of one to four callers, so that the
// reader changes all the time.
func TestDirectAlternates(t *testing.T) {
	t.Parallel()
	redistest.Goroutines(t)
	srv := redistest.StartServer(t)
	rdb := redis.NewClient(&redis.Options{Addr: srv.Addr})
	t.Cleanup(func() { _ = rdb.Close() })
	_, end := serve(t, rdb)
	c := newDirectCaller(t, srv.Addr)
	mustSum(t, c.Client)
	seeds := redistest.Seed(t)
	direct := 0
	for range 300 {
		var group sync.WaitGroup
		before := c.stores.n.Load()
		calls := 0
		for g := range 1 + seeds.IntN(4) {
			random := rand.New(rand.NewPCG(seeds.Uint64(), uint64(g)))
			n := 5 + random.IntN(10)
			calls += n
			group.Go(func() {
				for i := range n {
					ctx, cancel := context.WithCancel(t.Context())
					if random.IntN(8) == 0 {
						time.AfterFunc(time.Duration(random.IntN(300))*time.Microsecond, cancel)
					}
					got, err := sum.Call(ctx, c.Client, []int{g, i})
					if err == nil && got != g+i || err != nil && ctx.Err() == nil {
						t.Errorf("%d+%d = %d, %v", g, i, got, err)
					}
					cancel()
				}
			})
		}
		group.Wait()
		if c.stores.n.Load()-before < int64(calls) {
			direct++
		}
	}
	end()
	if direct == 0 {
		t.Error("no call was direct in 300 rounds")
	}
}
