package redistest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"
)

// through returns a proxy to the shared server, a client that goes through it
// and the test's names and raw client.
func through(t *testing.T, opts ...func(*redis.UniversalOptions)) (*Proxy, redis.UniversalClient, *Redis) {
	t.Helper()
	t.Parallel()
	Goroutines(t)
	r := Backends()[1].Start(t)
	p := NewProxy(t, r.addrs[0])
	c := r.NewClient(t, append([]func(*redis.UniversalOptions){func(o *redis.UniversalOptions) {
		o.Addrs = []string{p.Addr()}
		o.ReadTimeout = time.Second
	}}, opts...)...)
	return p, c, r
}

func noRetries(o *redis.UniversalOptions) { o.MaxRetries = -1 }

func TestProxyRules(t *testing.T) {
	for _, tt := range []struct {
		name string
		rule func(p *Proxy, n int, m Match)
		runs int  // of one INCR that is sent once
		fail bool // the client's INCR
	}{
		{"CutReply", (*Proxy).CutReply, 1, true},
		{"CutRequest", (*Proxy).CutRequest, 0, true},
		{"HalfReply", (*Proxy).HalfReply, 1, true},
		{"Swallow", (*Proxy).Swallow, 1, true},
		{"Delay", func(p *Proxy, n int, m Match) { p.Delay(n, 20*time.Millisecond, m) }, 1, false},
		{"DelayRequest", func(p *Proxy, n int, m Match) { p.DelayRequest(n, 20*time.Millisecond, m) }, 1, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, c, r := through(t, noRetries)
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
			p, c, r := through(t, tt.opts...)
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
	p, c, r := through(t, noRetries)
	ctx := context.Background()
	p.CutRequest(1, Any)
	p.CutReply(1, Arg("3")) // of HELLO, too
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

// TestProxyInPipeline speaks RESP by hand: go-redis lays the error of a cut
// pipeline on all its commands, also on those whose replies came.
func TestProxyInPipeline(t *testing.T) {
	p, _, r := through(t)
	ctx := context.Background()
	for i, tt := range []struct {
		name string
		rule func(int, Match)
		hear []string // then the end, or silence
		runs []any    // how often a, b and c were executed
	}{
		{"no rule", func(int, Match) {}, []string{":1\r\n", ":1\r\n", ":1\r\n"}, []any{"1", "1", "1"}},
		{"CutReply", p.CutReply, []string{":1\r\n"}, []any{"1", "1", "1"}},
		{"CutRequest", p.CutRequest, []string{":1\r\n"}, []any{"1", nil, nil}},
		{"HalfReply", p.HalfReply, []string{":1\r\n", ":1"}, []any{"1", "1", "1"}},
		{"Swallow", p.Swallow, []string{":1\r\n"}, []any{"1", "1", "1"}},
		{"Delay", func(n int, m Match) { p.Delay(n, time.Millisecond, m) },
			[]string{":1\r\n", ":1\r\n", ":1\r\n"}, []any{"1", "1", "1"}},
	} {
		key := func(k string) string { return r.Key(fmt.Sprint(k, i)) }
		tt.rule(1, All(Command("incr"), Arg(key("b"))))
		c := dialByHand(t, p.Addr())
		c.say("INCR "+key("a"), "INCR "+key("b"), "INCR "+key("c"))
		var got []string
		for range tt.hear {
			v, _ := c.value()
			got = append(got, string(v))
		}
		if diff := cmp.Diff(tt.hear, got); diff != "" {
			t.Errorf("%s: replies (-want +got):\n%s", tt.name, diff)
		}
		has := func() bool {
			vals, err := r.Raw().MGet(ctx, key("a"), key("b"), key("c")).Result()
			return err == nil && cmp.Equal(vals, tt.runs)
		}
		Eventually(t, 5*time.Second, has, fmt.Sprintf("%s: values %v", tt.name, tt.runs))
	}
}

// byHand is a connection without a client library.
type byHand struct {
	frames
	t    *testing.T
	conn net.Conn
}

func dialByHand(t *testing.T, addr string) byHand {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return byHand{newFrames(conn), t, conn}
}

// say sends inline commands in one packet.
func (c byHand) say(lines ...string) {
	c.t.Helper()
	if _, err := io.WriteString(c.conn, strings.Join(lines, "\r\n")+"\r\n"); err != nil {
		c.t.Fatal(err)
	}
}

func (c byHand) hear(want ...string) {
	c.t.Helper()
	for _, w := range want {
		if got, err := c.value(); string(got) != w || err != nil {
			c.t.Fatalf("reply %q, %v; want %q", got, err, w)
		}
	}
}

func TestProxySlices(t *testing.T) {
	p, c, r := through(t)
	ctx := context.Background()
	p.Slice(true)
	want := strings.Repeat("a long value\r\n", 100)
	if err := c.Set(ctx, r.Key("v"), want, 0).Err(); err != nil {
		t.Fatal(err)
	}
	if got, err := c.Get(ctx, r.Key("v")).Result(); got != want || err != nil {
		t.Errorf("Get = %d bytes, %v; want %d", len(got), err, len(want))
	}
}

func TestProxyBlackHole(t *testing.T) {
	p, c, r := through(t, noRetries)
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
	// The first of the two arrives late. The second was never sent: its
	// connection had no answer to HELLO.
	Eventually(t, 5*time.Second, func() bool { return r.Raw().Get(ctx, r.Key("n")).Val() == "2" }, "the late INCR runs")
	if got, err := c.Incr(ctx, r.Key("n")).Result(); got != 3 || err != nil {
		t.Errorf("Incr afterwards = %d, %v; want 3", got, err)
	}
}

func TestProxyLateRequestOfClientThatLeft(t *testing.T) {
	p, c, r := through(t, noRetries)
	ctx := context.Background()
	p.DelayRequest(1, 1200*time.Millisecond, Command("set"))
	if err := c.Set(ctx, r.Key("k"), "old", 0).Err(); err == nil {
		t.Error("Set: no error; want a timeout")
	}
	if err := r.Raw().Set(ctx, r.Key("k"), "new", 0).Err(); err != nil {
		t.Fatal(err)
	}
	Eventually(t, 5*time.Second, func() bool { return r.Raw().Get(ctx, r.Key("k")).Val() == "old" },
		"the late SET overwrites the newer value")
}

func TestProxyCutAllAndReset(t *testing.T) {
	p, c, r := through(t, noRetries)
	ctx := context.Background()
	if err := c.Ping(ctx).Err(); err != nil {
		t.Fatal(err)
	}
	if got := p.Conns(); got != 1 {
		t.Errorf("%d connections; want 1", got)
	}
	got := make(chan error)
	go func() { got <- c.BLPop(ctx, 0, r.Key("empty")).Err() }()
	Eventually(t, 5*time.Second, func() bool { return p.Count("blpop") == 1 }, "BLPOP is forwarded")
	p.CutAll()
	if err := <-got; err == nil || errors.Is(err, redis.Nil) {
		t.Errorf("BLPop on a cut connection: %v; want the network's error", err)
	}
	Eventually(t, 5*time.Second, func() bool { return p.Conns() == 0 }, "no connection is left")
	p.CutRequest(-1, Any)
	p.Slice(true)
	p.BlackHole(true)
	p.Reset()
	if err := c.Incr(ctx, r.Key("n")).Err(); err != nil {
		t.Errorf("Incr after Reset: %v", err)
	}
}

func TestProxyPassesPushes(t *testing.T) {
	for _, protocol := range []int{2, 3} {
		t.Run(fmt.Sprintf("RESP%d", protocol), func(t *testing.T) {
			p, c, r := through(t, func(o *redis.UniversalOptions) { o.Protocol = protocol })
			ctx := context.Background()
			news, more := r.Key("news"), r.Key("more")
			sub := c.Subscribe(ctx, news, more)
			defer sub.Close()
			for range 2 {
				if m, err := sub.ReceiveTimeout(ctx, 5*time.Second); err != nil {
					t.Fatalf("confirmation: %v, %v", m, err)
				}
			}
			for _, text := range []string{"one", "two"} {
				if err := r.Raw().Publish(ctx, news, text).Err(); err != nil {
					t.Fatal(err)
				}
				if m, err := sub.ReceiveMessage(ctx); err != nil || m.Payload != text {
					t.Fatalf("message %v, %v; want %q", m, err, text)
				}
			}
			p.CutReply(1, Command("subscribe"))
			_ = sub.Subscribe(ctx, r.Key("third")) // written; what comes back is cut
			Eventually(t, 5*time.Second, func() bool { return p.Count("subscribe") >= 2 }, "SUBSCRIBE is forwarded")
			// go-redis connects again and subscribes to everything.
			Eventually(t, 5*time.Second, func() bool {
				m, err := sub.ReceiveTimeout(ctx, 5*time.Second)
				s, ok := m.(*redis.Subscription)
				return err == nil && ok && s.Channel == r.Key("third")
			}, "the third subscription is confirmed")
		})
	}
}

// TestProxyPairsReplies mixes in one connection what go-redis never does:
// invalidations, subscriptions and requests.
func TestProxyPairsReplies(t *testing.T) {
	p, _, r := through(t)
	c := dialByHand(t, p.Addr())
	k := r.Key("k")
	c.say("HELLO 3")
	if _, err := c.value(); err != nil {
		t.Fatal(err)
	}
	bulk := func(s string) string { return fmt.Sprintf("$%d\r\n%s\r\n", len(s), s) }
	confirm := func(ch string, n int) string { return fmt.Sprintf(">3\r\n$9\r\nsubscribe\r\n%s:%d\r\n", bulk(ch), n) }
	c.say("CLIENT TRACKING ON", "GET "+k, "SET "+k+" 1", "SUBSCRIBE c1 c2", "PING", "SSUBSCRIBE")
	c.hear("+OK\r\n", "_\r\n")
	two := []string{"+OK\r\n", ">2\r\n$10\r\ninvalidate\r\n*1\r\n" + bulk(k)}
	for range two { // in either order
		if got, err := c.value(); err != nil || !slices.Contains(two, string(got)) {
			t.Fatalf("reply %q, %v; want one of %q", got, err, two)
		}
	}
	c.hear(confirm("c1", 1), confirm("c2", 2), "+PONG\r\n")
	if got, err := c.value(); err != nil || got[0] != '-' {
		t.Fatalf("SSUBSCRIBE without a channel: %q, %v; want an error", got, err)
	}
	p.CutReply(1, Command("echo"))
	c.say("PING", "MULTI", "SUBSCRIBE c3", "PING", "EXEC", "UNSUBSCRIBE", "ECHO cut", "PING")
	c.hear("+PONG\r\n", "+OK\r\n", "+QUEUED\r\n", "+QUEUED\r\n")
	heard := 0
	for {
		got, err := c.value()
		if err != nil {
			break
		}
		if strings.Contains(string(got), "cut") {
			t.Errorf("%q arrived; want it cut", got)
		}
		heard++
	}
	if heard < 3 { // EXEC, and at least c1 and c2 left
		t.Errorf("%d replies before the cut one; want all", heard)
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
	c := s.Client(t, impatient, func(o *redis.Options) { o.Addr = p.Addr() })
	if err := c.Ping(ctx).Err(); err != nil {
		t.Fatal(err)
	}
	s.Kill()
	if err := c.Ping(ctx).Err(); err == nil {
		t.Error("Ping: no error")
	}
	Eventually(t, 5*time.Second, func() bool { return p.Conns() == 0 }, "the connections end with the server")
	s.Restart()
	if err := c.Ping(ctx).Err(); err != nil {
		t.Errorf("Ping after the restart: %v", err)
	}
}
