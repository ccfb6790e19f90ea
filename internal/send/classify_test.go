package send_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/internal/send"
)

// classes contains all classes of failure. An error has exactly one of them.
var classes = []error{
	send.ErrMaybeRan, send.ErrUnavailable, send.ErrNotSupported, send.ErrCrossSlot,
	send.ErrWrongType, send.ErrDenied, send.ErrOutOfMemory,
}

func wantClass(t *testing.T, err, want error) {
	t.Helper()
	for _, class := range classes {
		if errors.Is(err, class) != (class == want) {
			t.Errorf("errors.Is(%q, %q) = %t", err, class, errors.Is(err, class))
		}
	}
	if strings.Contains(err.Error(), "payload") {
		t.Errorf("the error shows the payload: %v", err)
	}
}

// TestClassesOfReplies makes real servers refuse commands.
func TestClassesOfReplies(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t,
		redistest.Config("user", "reader on >pw ~* +@read +eval +evalsha"),
		redistest.Config("user", "stranger on >pw ~mine:* +@all"))
	admin := s.Client(t)
	as := func(user string) redis.UniversalClient {
		return s.Client(t, func(o *redis.Options) { o.Username, o.Password = user, "pw" })
	}
	if err := admin.RPush(ctx, "list", "payload").Err(); err != nil {
		t.Fatal(err)
	}
	replica := redistest.StartServer(t, redistest.ReplicaOf(s))
	noSlots := redistest.StartServer(t, redistest.Config("cluster-enabled", "yes"))
	full := redistest.StartServer(t, redistest.Config("maxmemory", "1"))
	eval := func(script string) redis.Cmder { return redis.NewCmd(ctx, "eval", script, 1, "k", "payload") }
	for _, tt := range []struct {
		name string
		rdb  redis.UniversalClient
		cmd  redis.Cmder
		want error
	}{
		{"wrong type", admin, redis.NewIntCmd(ctx, "incr", "list"), send.ErrWrongType},
		{"wrong type in a script", admin, eval("return redis.call('INCR', 'list')"), send.ErrWrongType},
		{"not an integer", admin, redis.NewIntCmd(ctx, "hincrby", "h", "f", 1), send.ErrWrongType},
		{"command denied", as("reader"), redis.NewIntCmd(ctx, "incr", "k"), send.ErrDenied},
		{"command denied in a script", as("reader"), eval("return redis.call('SET', KEYS[1], ARGV[1])"), send.ErrDenied},
		{"key denied", as("stranger"), redis.NewIntCmd(ctx, "incr", "k"), send.ErrDenied},
		{"wrong password", s.Client(t, func(o *redis.Options) { o.Username, o.Password = "reader", "payload" }), redis.NewIntCmd(ctx, "incr", "k"), send.ErrDenied},
		{"out of memory", full.Client(t), redis.NewStatusCmd(ctx, "set", "k", "payload"), send.ErrOutOfMemory},
		{"out of memory in a script", full.Client(t), eval("return redis.call('SET', KEYS[1], ARGV[1])"), send.ErrOutOfMemory},
		{"read-only replica", replica.Client(t), redis.NewIntCmd(ctx, "incr", "k"), send.ErrUnavailable},
		{"read-only replica in a script", replica.Client(t), eval("return redis.call('INCR', KEYS[1])"), send.ErrUnavailable},
		{"cluster down", noSlots.Client(t), redis.NewIntCmd(ctx, "incr", "k"), send.ErrUnavailable},
		{"unknown command", admin, redis.NewStatusCmd(ctx, "nosuch", "payload"), send.ErrNotSupported},
		{"unknown command in a script", admin, eval("return redis.call('NOSUCH')"), send.ErrNotSupported},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.name == "not an integer" {
				admin.HSet(ctx, "h", "f", "payload")
			}
			err := send.New(tt.rdb).Write(ctx, tt.cmd)
			if err == nil {
				t.Fatal("no error")
			}
			wantClass(t, err, tt.want)
		})
	}
}

// TestLoading sends commands to a server that is still loading its data.
func TestLoading(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t, redistest.AOF("always"), redistest.Config("key-load-delay", "500"))
	rdb := s.Client(t, func(o *redis.Options) { o.MaxRetries = -1 })
	pipe := rdb.Pipeline()
	for range 5000 { // while it loads, the server replies after every 1024 keys
		pipe.Set(ctx, "k", "v", 0)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		t.Fatal(err)
	}
	s.Kill()
	done := make(chan struct{})
	go func() { defer close(done); s.Restart() }()
	var err error
	redistest.Eventually(t, 10*time.Second, func() bool {
		select {
		case <-done:
			return true // too late: it has loaded
		default:
		}
		// A read without retries is sent once. A write would be retried until the server
		// has loaded.
		err = send.New(rdb).Read(ctx, redis.NewStringCmd(ctx, "get", "n"))
		return redis.HasErrorPrefix(err, "LOADING")
	}, "the server says LOADING")
	for ended := false; !ended; {
		rdb.ConfigSet(ctx, "key-load-delay", "0")
		select {
		case <-done:
			ended = true
		case <-time.After(50 * time.Millisecond):
		}
	}
	if err == nil {
		t.Fatal("the server never said LOADING")
	}
	wantClass(t, err, send.ErrUnavailable)
}

// TestTryAgain uses two keys whose slot is migrating, one of which has not moved yet. A
// write is retried until its deadline, if it has one. The test also uses keys of two
// slots.
func TestTryAgain(t *testing.T) {
	t.Parallel()
	c := redistest.StartCluster(t, 0)
	from := c.MasterFor("{s}a")
	to := c.Nodes[(slices.Index(c.Nodes, from)+1)%len(c.Nodes)]
	rdb := c.Client(t)
	trips := redistest.CountTrips(rdb)
	if err := rdb.Set(ctx, "{s}a", "1", 0).Err(); err != nil {
		t.Fatal(err)
	}
	write := func(ctx context.Context) error {
		return send.New(rdb).Write(ctx, redis.NewCmd(ctx, "eval", "return redis.call('INCR', KEYS[1])", 2, "{s}a", "{s}b"))
	}
	patient := make(chan error, 1)
	var once sync.Once
	c.MoveSlot(t, "{s}a", to, func() {
		once.Do(func() {
			err := write(ctx)
			if !redis.HasErrorPrefix(err, "TRYAGAIN") {
				t.Errorf("error %v, want TRYAGAIN", err)
			}
			wantClass(t, err, send.ErrUnavailable)
			trips.Reset()
			go func() {
				long, cancel := context.WithTimeout(ctx, time.Minute)
				defer cancel()
				patient <- write(long)
			}()
			redistest.Eventually(t, 20*time.Second, func() bool { return trips.Count() > 6 }, "more attempts than without a deadline")
		})
	})
	if err := <-patient; err != nil {
		t.Errorf("a write that waited for the slot: %v", err)
	}
	if v := rdb.Get(ctx, "{s}a").Val(); v != "2" {
		t.Errorf("the writes have made 1 a %s, want 2", v)
	}
	// A client of an unknown type, whose nodes the library does not know.
	err := send.New(foreign{from.Client(t)}).Write(ctx, redis.NewIntCmd(ctx, "del", "a", "b"))
	if !redis.HasErrorPrefix(err, "CROSSSLOT") {
		t.Fatalf("error %v, want CROSSSLOT", err)
	}
	wantClass(t, err, send.ErrCrossSlot)
}

// foreign is a client of a type that the library does not know.
type foreign struct{ redis.UniversalClient }

// TestClassesOfTheNetwork breaks the connection to the server.
func TestClassesOfTheNetwork(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t)
	refused := func(t *testing.T) *redis.Client {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		addr := l.Addr().String()
		_ = l.Close()
		c := redis.NewClient(&redis.Options{Addr: addr})
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	incr := func() redis.Cmder { return redis.NewIntCmd(ctx, "incr", "n") }
	get := func() redis.Cmder { return redis.NewStringCmd(ctx, "get", "n") }
	quick := func(o *redis.Options) { o.ReadTimeout, o.MaxRetries = 200*time.Millisecond, -1 }
	for _, tt := range []struct {
		name        string
		write, read error
		rdb         func(*testing.T) redis.UniversalClient
	}{
		{"dial refused", send.ErrUnavailable, send.ErrUnavailable, func(t *testing.T) redis.UniversalClient { return refused(t) }},
		{"closed client", send.ErrClosed, send.ErrClosed, func(t *testing.T) redis.UniversalClient {
			c := s.Client(t)
			_ = c.Close()
			return c
		}},
		{"pool timeout", send.ErrUnavailable, send.ErrUnavailable, func(t *testing.T) redis.UniversalClient {
			c := s.Client(t, func(o *redis.Options) { o.PoolSize, o.PoolTimeout, o.MaxRetries = 1, 20*time.Millisecond, -1 })
			conn := c.Conn()
			if err := conn.Ping(ctx).Err(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = conn.Close() })
			return c
		}},
		{"EOF after the write", send.ErrMaybeRan, send.ErrUnavailable, func(t *testing.T) redis.UniversalClient {
			p := redistest.NewProxy(t, s.Addr)
			p.CutReply(-1, redistest.Command("incr", "get"))
			return s.Client(t, func(o *redis.Options) { o.Addr = p.Addr() }, quick)
		}},
		{"half a reply", send.ErrMaybeRan, send.ErrUnavailable, func(t *testing.T) redis.UniversalClient {
			p := redistest.NewProxy(t, s.Addr)
			p.HalfReply(-1, redistest.Command("incr", "get"))
			return s.Client(t, func(o *redis.Options) { o.Addr = p.Addr() }, quick)
		}},
		{"i/o timeout", send.ErrMaybeRan, send.ErrUnavailable, func(t *testing.T) redis.UniversalClient {
			p := redistest.NewProxy(t, s.Addr)
			p.Swallow(-1, redistest.Command("incr", "get"))
			return s.Client(t, func(o *redis.Options) { o.Addr = p.Addr() }, quick)
		}},
		{"cut while connecting", send.ErrUnavailable, send.ErrUnavailable, func(t *testing.T) redis.UniversalClient {
			p := redistest.NewProxy(t, s.Addr)
			p.CutReply(-1, redistest.Command("hello"))
			return s.Client(t, func(o *redis.Options) { o.Addr = p.Addr() }, quick)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			sender := send.New(tt.rdb(t))
			wantClass(t, sender.Write(ctx, incr()), tt.write)
			wantClass(t, sender.Read(ctx, get()), tt.read)
		})
	}
}

// TestClassesOfContexts ends the caller's context before and after the write.
func TestClassesOfContexts(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t)
	p := redistest.NewProxy(t, s.Addr)
	client := func(deadlines bool) *redis.Client {
		return s.Client(t, func(o *redis.Options) { o.Addr, o.ContextTimeoutEnabled = p.Addr(), deadlines })
	}
	p.Swallow(-1, redistest.Command("incr", "get"))
	ended := map[string]func() (context.Context, error){
		"canceled": func() (context.Context, error) {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			return ctx, context.Canceled
		},
		"deadline": func() (context.Context, error) {
			ctx, cancel := context.WithDeadline(ctx, time.Now())
			t.Cleanup(cancel)
			return ctx, context.DeadlineExceeded
		},
	}
	for name, end := range ended {
		t.Run("before/"+name, func(t *testing.T) {
			sender := send.New(client(false))
			ctx, want := end()
			err := sender.Write(ctx, redis.NewIntCmd(ctx, "incr", "n"))
			wantClass(t, err, send.ErrUnavailable)
			if !errors.Is(err, want) {
				t.Errorf("error %v, want %v in it", err, want)
			}
			if err := sender.Read(ctx, redis.NewStringCmd(ctx, "get", "n")); err != want {
				t.Errorf("read: error %v, want %v alone", err, want)
			}
		})
	}
	for _, deadlines := range []bool{false, true} {
		t.Run("after/deadline", func(t *testing.T) {
			rdb := client(deadlines)
			if err := rdb.Ping(ctx).Err(); err != nil { // so that a connection stands
				t.Fatal(err)
			}
			sender := send.New(rdb)
			ctx, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
			defer cancel()
			start := time.Now()
			err := sender.Write(ctx, redis.NewIntCmd(ctx, "incr", "n"))
			wantClass(t, err, send.ErrMaybeRan)
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("error %v, want the deadline in it", err)
			}
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("returned after %v", took)
			}
		})
	}
	t.Run("after/canceled", func(t *testing.T) {
		sender := send.New(client(false))
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		n := p.CountFunc(redistest.Command("get"))
		reply := make(chan error, 1)
		go func() { reply <- sender.Read(ctx, redis.NewStringCmd(ctx, "get", "n")) }()
		redistest.Eventually(t, 10*time.Second, func() bool { return n() > 0 }, "the command is on the wire")
		cancel()
		if err := <-reply; err != context.Canceled {
			t.Errorf("read: error %v, want context.Canceled alone", err)
		}
	})
	t.Run("waiting for a connection", func(t *testing.T) {
		rdb := s.Client(t, func(o *redis.Options) { o.PoolSize = 1 })
		conn := rdb.Conn()
		defer func() { _ = conn.Close() }()
		if err := conn.Ping(ctx).Err(); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
		defer cancel()
		err := send.New(rdb).Write(ctx, redis.NewIntCmd(ctx, "incr", "n"))
		wantClass(t, err, send.ErrUnavailable)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want the deadline in it", err)
		}
	})
}
