package redistest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// proxied returns a proxy to the shared server, a client that uses the proxy, and the
// Redis of the test.
func proxied(t *testing.T, opts ...func(*redis.UniversalOptions)) (*Proxy, redis.UniversalClient, *Redis) {
	t.Helper()
	t.Parallel()
	Goroutines(t)
	r := Backends()[1].Start(t)
	p := NewProxy(t, r.base.Addrs[0])
	c := r.NewClient(t, append([]func(*redis.UniversalOptions){func(o *redis.UniversalOptions) {
		o.Addrs = []string{p.Addr()}
		o.ReadTimeout = time.Second
	}}, opts...)...)
	return p, c, r
}

func noRetries(o *redis.UniversalOptions) { o.MaxRetries = -1 }

func TestProxyRules(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		rule func(p *Proxy, n int, m Match)
		runs int  // executions of one INCR that is sent once
		fail bool // whether the client's INCR fails
	}{
		{"CutReply", (*Proxy).CutReply, 1, true},
		{"CutRequest", (*Proxy).CutRequest, 0, true},
		{"HalfReply", (*Proxy).HalfReply, 1, true},
		{"Swallow", (*Proxy).Swallow, 1, true},
		{"Delay", func(p *Proxy, n int, m Match) { p.Delay(n, 20*time.Millisecond, m) }, 1, false},
		{"DelayRequest", func(p *Proxy, n int, m Match) { p.DelayRequest(n, 20*time.Millisecond, m) }, 1, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, c, r := proxied(t, noRetries)
			ctx := context.Background()
			key := r.Key("n")
			tt.rule(p, 1, Command("incr"))
			if err := c.Incr(ctx, key).Err(); (err != nil) != tt.fail {
				t.Errorf("Incr: %v; want an error: %v", err, tt.fail)
			}
			if got, _ := r.Raw().Get(ctx, key).Int(); got != tt.runs {
				t.Errorf("executed %d times; want %d", got, tt.runs)
			}
			if got := p.Count("incr"); got != tt.runs {
				t.Errorf("Count = %d; want %d", got, tt.runs)
			}
			// The rule is used up.
			if got, err := c.Incr(ctx, key).Result(); got != int64(tt.runs)+1 || err != nil {
				t.Errorf("the next Incr = %d, %v; want %d", got, err, tt.runs+1)
			}
		})
	}
}

func TestProxyShowsRetries(t *testing.T) {
	for _, tt := range []struct {
		name string
		opts []func(*redis.UniversalOptions)
		cuts int
		runs int
		fail bool
	}{
		{"default, always cut", nil, -1, 4, true},
		{"default, cut once", nil, 1, 2, false},
		{"without retries", []func(*redis.UniversalOptions){noRetries}, -1, 1, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, c, r := proxied(t, tt.opts...)
			ctx := context.Background()
			p.CutReply(tt.cuts, Command("incr"))
			if err := c.Incr(ctx, r.Key("n")).Err(); (err != nil) != tt.fail {
				t.Errorf("Incr: %v; want an error: %v", err, tt.fail)
			}
			if got, _ := r.Raw().Get(ctx, r.Key("n")).Int(); got != tt.runs || p.Count("incr") != tt.runs {
				t.Errorf("executed %d times, forwarded %d times; want %d", got, p.Count("incr"), tt.runs)
			}
		})
	}
}

func TestProxySparesSetUp(t *testing.T) {
	p, c, r := proxied(t, noRetries)
	ctx := context.Background()
	p.CutRequest(1, Any)
	p.CutReply(1, Arg("3")) // an argument of HELLO too
	if err := c.Set(ctx, r.Key("a"), 3, 0).Err(); err == nil {
		t.Error("Set: no error; want CutRequest to take it")
	}
	if err := c.Set(ctx, r.Key("a"), 3, 0).Err(); err == nil {
		t.Error("Set: no error; want CutReply to take it")
	}
	if got := p.Count("hello"); got != 2 {
		t.Errorf("%d HELLO forwarded; want 2, one for each connection", got)
	}
	p.CutReply(1, Command("hello"))
	if err := c.Get(ctx, r.Key("a")).Err(); err == nil {
		t.Error("Get: no error; want the cut HELLO's")
	}
}

func TestProxySlices(t *testing.T) {
	p, c, r := proxied(t)
	ctx := context.Background()
	p.ByteByByte(true)
	want := strings.Repeat("a long value\r\n", 100)
	if err := c.Set(ctx, r.Key("v"), want, 0).Err(); err != nil {
		t.Fatal(err)
	}
	if got, err := c.Get(ctx, r.Key("v")).Result(); got != want || err != nil {
		t.Errorf("Get = %d bytes, %v; want %d", len(got), err, len(want))
	}
}

func TestProxyBlackHole(t *testing.T) {
	p, c, r := proxied(t, noRetries)
	ctx := context.Background()
	count := p.CountFunc(Command("incr"))
	if err := c.Incr(ctx, r.Key("n")).Err(); err != nil {
		t.Fatal(err)
	}
	p.BlackHole(true)
	for range 2 { // on the open connection, then on a new one
		var timeout net.Error
		if err := c.Incr(ctx, r.Key("n")).Err(); !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Errorf("Incr: %v; want a timeout", err)
		}
	}
	if got := count(); got != 1 {
		t.Errorf("%d INCR forwarded; want 1", got)
	}
	p.BlackHole(false)
	// The first of the two arrives late. The second was never sent, since its connection
	// got no reply to HELLO.
	Eventually(t, 20*time.Second, func() bool { return r.Raw().Get(ctx, r.Key("n")).Val() == "2" }, "the late INCR runs")
	if got, err := c.Incr(ctx, r.Key("n")).Result(); got != 3 || err != nil {
		t.Errorf("Incr afterwards = %d, %v; want 3", got, err)
	}
}

func TestProxyLateRequestOfClientThatLeft(t *testing.T) {
	p, c, r := proxied(t, noRetries)
	ctx := context.Background()
	p.DelayRequest(1, 1200*time.Millisecond, Command("set"))
	if err := c.Set(ctx, r.Key("k"), "old", 0).Err(); err == nil {
		t.Error("Set: no error; want a timeout")
	}
	if err := r.Raw().Set(ctx, r.Key("k"), "new", 0).Err(); err != nil {
		t.Fatal(err)
	}
	Eventually(t, 20*time.Second, func() bool { return r.Raw().Get(ctx, r.Key("k")).Val() == "old" },
		"the late SET overwrites the newer value")
}

// TestProxyHoldsRequests holds a request whose client gives up. The request is executed
// when it is released.
func TestProxyHoldsRequests(t *testing.T) {
	p, c, r := proxied(t, noRetries)
	ctx := context.Background()
	held, release := p.HoldRequest(1, Command("incr"))
	failed := make(chan error)
	go func() { failed <- c.Incr(ctx, r.Key("n")).Err() }()
	Eventually(t, 20*time.Second, func() bool { return held() == 1 }, "INCR is held")
	p.CloseClients()
	if err := <-failed; err == nil {
		t.Error("Incr: no error; want that of the connection")
	}
	if got, err := c.Incr(ctx, r.Key("n")).Result(); got != 1 || err != nil {
		t.Errorf("the next Incr = %d, %v; want 1", got, err)
	}
	release()
	Eventually(t, 20*time.Second, func() bool { return r.Raw().Get(ctx, r.Key("n")).Val() == "2" }, "the held INCR runs")
}

func TestProxyCutAllAndReset(t *testing.T) {
	p, c, r := proxied(t, noRetries)
	ctx := context.Background()
	if err := c.Ping(ctx).Err(); err != nil {
		t.Fatal(err)
	}
	if got := p.Conns(); got != 1 {
		t.Errorf("%d connections; want 1", got)
	}
	got := make(chan error)
	go func() { got <- c.BLPop(ctx, 0, r.Key("empty")).Err() }()
	Eventually(t, 20*time.Second, func() bool { return p.Count("blpop") == 1 }, "BLPOP is forwarded")
	p.CutAll()
	if err := <-got; err == nil || errors.Is(err, redis.Nil) {
		t.Errorf("BLPop on a cut connection: %v; want the network's error", err)
	}
	Eventually(t, 20*time.Second, func() bool { return p.Conns() == 0 }, "no connection is left")
	p.CutRequest(-1, Any)
	p.ByteByByte(true)
	p.BlackHole(true)
	p.Reset()
	if err := c.Incr(ctx, r.Key("n")).Err(); err != nil {
		t.Errorf("Incr after Reset: %v", err)
	}
}

func TestProxyReplication(t *testing.T) {
	t.Parallel()
	Goroutines(t)
	ctx := context.Background()
	master := StartServer(t)
	p := NewProxy(t, master.Addr)
	port, err := portOf(p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	replica := StartServer(t, Config("replicaof", fmt.Sprintf("127.0.0.1 %d", port)))
	m, c := master.Client(t), replica.Client(t)
	has := func(want string) func() bool { return func() bool { return c.Get(ctx, "k").Val() == want } }
	for _, v := range []string{"one", "two"} {
		if err := m.Set(ctx, "k", v, 0).Err(); err != nil {
			t.Fatal(err)
		}
		Eventually(t, 10*time.Second, has(v), "the replica has "+v)
	}
	p.BlackHole(true)
	if err := m.Set(ctx, "k", "three", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if n, err := m.Wait(ctx, 1, 100*time.Millisecond).Result(); n != 0 || err != nil {
		t.Errorf("WAIT behind a black hole = %d, %v; want 0", n, err)
	}
	p.BlackHole(false)
	Eventually(t, 10*time.Second, has("three"), "the replica has three")
}

func TestProxyToSocket(t *testing.T) {
	t.Parallel()
	s := StartServer(t)
	p := NewProxy(t, s.Socket)
	c := s.Client(t, func(o *redis.Options) { o.Addr = p.Addr() })
	if err := c.Ping(context.Background()).Err(); err != nil {
		t.Error(err)
	}
}

func TestProxyServerGone(t *testing.T) {
	t.Parallel()
	Goroutines(t)
	ctx := context.Background()
	s := StartServer(t)
	p := NewProxy(t, s.Addr)
	c := s.Client(t, failFast, func(o *redis.Options) { o.Addr = p.Addr() })
	if err := c.Ping(ctx).Err(); err != nil {
		t.Fatal(err)
	}
	s.Kill()
	if err := c.Ping(ctx).Err(); err == nil {
		t.Error("Ping: no error")
	}
	Eventually(t, 20*time.Second, func() bool { return p.Conns() == 0 }, "the connections end with the server")
	s.Restart()
	if err := c.Ping(ctx).Err(); err != nil {
		t.Errorf("Ping after the restart: %v", err)
	}
}
