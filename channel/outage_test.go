package channel_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/internal/redistest"
)

// runWithFaults runs 4 senders and 2 clients with 3 receivers each while fault runs. It
// returns the history and the number of values that count as perhaps lost.
func runWithFaults(t *testing.T, name string, client func() redis.UniversalClient, each int, fault func()) (h *history, mayLose int) {
	t.Helper()
	h = newHistory()
	all, stop := context.WithCancel(ctx)
	defer stop()
	var receiving, sending sync.WaitGroup
	rdbs := []redis.UniversalClient{client(), client()}
	for i, rdb := range rdbs {
		for j := range 3 {
			c := channel.NewChan[item](rdb, name)
			receiving.Go(func() {
				for {
					v, err := c.Recv(all)
					if err == nil {
						h.received(fmt.Sprint(i, j), v)
						continue
					}
					if !errors.Is(err, context.Canceled) {
						t.Errorf("Recv: %v", err)
					}
					return
				}
			})
		}
	}
	out := channel.NewChan[item](client(), name)
	for s := range 4 {
		sending.Go(func() {
			for i := 1; i <= each; i++ {
				h.sendOne(t, out, item{s, i})
				sleep(5 * time.Millisecond)
			}
		})
	}
	fault()
	sending.Wait()
	lost := func() (n int) {
		for _, rdb := range rdbs {
			n += lostCount(t, rdb)
		}
		return n
	}
	redistest.Eventually(t, 20*time.Second, func() bool { return h.missing() <= lost() }, "every value received but for those counted")
	h.sendOne(t, out, item{5, 1})
	redistest.Eventually(t, 20*time.Second, func() bool { return h.gotOne(item{5, 1}) }, "a last value received")
	stop()
	receiving.Wait()
	t.Logf("%d values, %d lost, at most %d by the count", len(h.sent), h.missing(), lost())
	return h, lost()
}

func (h *history) gotOne(m item) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.got[m] > 0
}

// repeatFor calls f repeatedly for some time.
func repeatFor(d, every time.Duration, f func()) func() {
	return func() {
		for end := time.Now().Add(d); time.Now().Before(end); {
			sleep(every)
			f()
		}
	}
}

// TestChanThroughTrouble runs senders and receivers through faults of the server.
func TestChanThroughTrouble(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		harm func(s *redistest.Server, admin *redis.Client) func()
		lose int // at most
	}{
		{"Restart", func(s *redistest.Server, _ *redis.Client) func() {
			return repeatFor(2*time.Second, 700*time.Millisecond, func() { s.Kill(); s.Restart() })
		}, 18},
		{"Kill", func(_ *redistest.Server, admin *redis.Client) func() {
			return repeatFor(2*time.Second, 50*time.Millisecond, func() { admin.ClientKillByFilter(ctx, "TYPE", "normal", "SKIPME", "yes") })
		}, 240},
		{"Freeze", func(s *redistest.Server, _ *redis.Client) func() {
			return func() {
				sleep(200 * time.Millisecond)
				s.Freeze()
				sleep(4 * time.Second)
				s.Thaw()
			}
		}, 12},
		{"Flush", func(_ *redistest.Server, admin *redis.Client) func() {
			return repeatFor(2*time.Second, 100*time.Millisecond, func() { admin.ScriptFlush(ctx) })
		}, 0},
		{"Unblock", func(_ *redistest.Server, admin *redis.Client) func() {
			return repeatFor(time.Second, 20*time.Millisecond, func() {
				for id := range 40 {
					admin.ClientUnblockWithError(ctx, int64(id))
				}
			})
		}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := redistest.StartServer(t, redistest.AOF("always"))
			admin := s.Client(t)
			client := func() redis.UniversalClient { return s.Client(t) }
			h, mayLose := runWithFaults(t, "c", client, 300*scale, tt.harm(s, admin))
			h.check(t, min(mayLose, tt.lose*scale), false)
		})
	}
}

// TestChanRESP2 uses the old protocol on a connection that is cut repeatedly.
func TestChanRESP2(t *testing.T) {
	t.Parallel()
	s, p := redistest.StartServer(t), redistest.NewProxy(t, "")
	client := func() redis.UniversalClient {
		return s.Client(t, func(o *redis.Options) { o.Protocol, o.Dialer = 2, p.Dialer() })
	}
	h, mayLose := runWithFaults(t, "c", client, 150*scale, repeatFor(time.Second, 100*time.Millisecond, p.CutAll))
	h.check(t, mayLose, false)
}

// TestChanThroughClusterTrouble cuts the connections of a cluster's clients, mainly those with
// subscriptions. It does not move slots.
func TestChanThroughClusterTrouble(t *testing.T) {
	t.Parallel()
	c := redistest.StartCluster(t, 0)
	client := func() redis.UniversalClient { return c.Client(t) }
	var admins []*redis.Client
	for _, s := range c.Nodes {
		admins = append(admins, s.Client(t))
	}
	for _, kind := range []string{"normal", "pubsub"} {
		h, mayLose := runWithFaults(t, "c", client, 150*scale, repeatFor(time.Second, 50*time.Millisecond, func() {
			for _, a := range admins {
				a.ClientKillByFilter(ctx, "TYPE", kind, "SKIPME", "yes")
			}
		}))
		h.check(t, mayLose, false)
	}
}

// TestPrefetchThroughOutage ends a loop while the server is unreachable. The client keeps the
// prefetched values, and requeues them at the head when the server is back.
func TestPrefetchThroughOutage(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t, redistest.AOF("always"))
	rdb := s.Client(t)
	c := channel.NewChan[int](rdb, "c")
	if _, err := c.SendMany(ctx, 1, 2, 3, 4, 5, 6); err != nil {
		t.Fatal(err)
	}
	for v, err := range c.All(ctx, channel.Prefetch(4)) {
		if v != 1 || err != nil {
			t.Fatalf("All: %d, %v", v, err)
		}
		s.Kill()
		// A connection whose end has not arrived yet would take the values, and lose the reply.
		redistest.Eventually(t, 10*time.Second, func() bool { return errors.Is(rdb.Ping(ctx).Err(), syscall.ECONNREFUSED) }, "the connections have ended")
		break
	}
	s.Restart()
	t.Cleanup(func() {
		if t.Failed() {
			values, err := s.Client(t).LRange(ctx, "c", 0, -1).Result()
			t.Logf("the list has %q, %v; perhaps lost: %d", values, err, lostCount(t, rdb))
		}
	})
	redistest.Eventually(t, 20*time.Second, func() bool { n, err := c.Len(ctx); return n == 5 && err == nil }, "the values are back")
	for want := 2; want <= 6; want++ {
		if v, err := c.Recv(ctx); v != want || err != nil {
			t.Errorf("Recv = %d, %v; want %d", v, err, want)
		}
	}
	if n := lostCount(t, rdb); n != 0 {
		t.Errorf("%d values count as perhaps lost", n)
	}
}

// lateHook returns from each command later while it is set, as on a busy machine.
type lateHook struct{ atomic.Bool }

func (h *lateHook) DialHook(next redis.DialHook) redis.DialHook { return next }

func (h *lateHook) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		if h.Load() {
			sleep(100 * time.Millisecond)
		}
		return err
	}
}

func (h *lateHook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// TestPrefetchSlowDial ends a loop while attempts to connect take longer than the loop waits,
// on a busy machine. Its prefetched values are certainly not requeued then, and are requeued
// later.
func TestPrefetchSlowDial(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t)
	p := redistest.NewProxy(t, s.Addr)
	var down lateHook
	rdb := s.Client(t, func(o *redis.Options) {
		dial := p.Dialer()
		o.Dialer = func(ctx context.Context, network, addr string) (net.Conn, error) {
			if down.Load() {
				sleep(1200 * time.Millisecond)
				return nil, syscall.ECONNREFUSED
			}
			return dial(ctx, network, addr)
		}
	})
	rdb.AddHook(&down)
	c := channel.NewChan[int](rdb, "c")
	if _, err := c.SendMany(ctx, 1, 2, 3, 4); err != nil {
		t.Fatal(err)
	}
	for v, err := range c.All(ctx, channel.Prefetch(4)) {
		if v != 1 || err != nil {
			t.Fatalf("All: %d, %v", v, err)
		}
		down.Store(true)
		time.AfterFunc(1500*time.Millisecond, func() { down.Store(false) })
		p.CutAll()
		short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
		_ = rdb.Ping(short).Err() // finds that the connections were cut
		cancel()
		break
	}
	redistest.Eventually(t, 20*time.Second, func() bool { n, err := c.Len(ctx); return n == 3 && err == nil }, "the values are back")
	if n := lostCount(t, rdb); n != 0 {
		t.Errorf("%d values count as perhaps lost", n)
	}
}
