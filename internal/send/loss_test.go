package send_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/internal/script"
	"github.com/desir-go/desir/internal/send"
)

// proxied returns clients of every kind, whose connections go through the proxy.
func proxied(t *testing.T, p *redistest.Proxy) map[string]redis.UniversalClient {
	t.Helper()
	s := redistest.StartServer(t)
	c := redistest.StartCluster(t, 0)
	const timeout = 500 * time.Millisecond // an AutoPipeliner blocks until then
	single := func(o *redis.Options) { o.Dialer, o.ReadTimeout = p.Dialer(), timeout }
	auto, err := s.Client(t, single).AutoPipeline()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = auto.Close() })
	cluster := func() *redis.ClusterClient {
		return c.Client(t, func(o *redis.ClusterOptions) { o.Dialer, o.ReadTimeout = p.Dialer(), timeout })
	}
	autoCluster, err := cluster().AutoPipeline()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = autoCluster.Close() })
	ring := redis.NewRing(&redis.RingOptions{Addrs: map[string]string{"a": s.Addr}, Dialer: p.Dialer(), ReadTimeout: timeout})
	t.Cleanup(func() { _ = ring.Close() })
	return map[string]redis.UniversalClient{
		"client":               s.Client(t, single),
		"cluster":              cluster(),
		"ring":                 ring,
		"autopipeline":         auto,
		"autopipeline cluster": autoCluster,
	}
}

// TestLostReply loses the reply of one write of each kind. The write is executed once,
// and its error is ErrMaybeRan.
func TestLostReply(t *testing.T) {
	t.Parallel()
	redistest.Slow(t)
	p := redistest.NewProxy(t, "")
	bump := script.FromSource("-- bump\n-- KEYS[1] counter\nreturn redis.call('INCR', KEYS[1])\n")
	for kind, rdb := range proxied(t, p) {
		h, err := clients.Of(rdb)
		if err != nil {
			t.Fatal(err)
		}
		list := func(name string) {
			if err := rdb.RPush(ctx, name, "a", "b", "c").Err(); err != nil {
				t.Fatal(err)
			}
		}
		for _, tt := range []struct {
			name    string // command whose reply is lost
			key     string
			prepare func(key string)
			write   func(ctx context.Context, key string) error
			count   func(key string) (int64, error) // number of executions
		}{
			{
				"hset", "h", nil,
				func(ctx context.Context, key string) error { return h.Sender.HSet(ctx, key, "f", "v") },
				func(key string) (int64, error) { return rdb.HLen(ctx, key).Result() },
			},
			{
				"incr", "n", nil,
				func(ctx context.Context, key string) error {
					return h.Sender.Write(ctx, redis.NewIntCmd(ctx, "incr", key))
				},
				func(key string) (int64, error) { return rdb.Get(ctx, key).Int64() },
			},
			{
				"incrby", "n", nil,
				func(ctx context.Context, key string) error {
					_, err := h.Sender.IncrBy(ctx, key, 1)
					return err
				},
				func(key string) (int64, error) { return rdb.Get(ctx, key).Int64() },
			},
			{
				"hincrby", "h", nil,
				func(ctx context.Context, key string) error {
					return h.Sender.Write(ctx, redis.NewIntCmd(ctx, "hincrby", key, "f", 1))
				},
				func(key string) (int64, error) { return rdb.HGet(ctx, key, "f").Int64() },
			},
			{
				"rpush", "l", nil,
				func(ctx context.Context, key string) error {
					_, err := h.Sender.Push(ctx, key, false, []string{"v"})
					return err
				},
				func(key string) (int64, error) { return rdb.LLen(ctx, key).Result() },
			},
			{
				"lpop", "l", list,
				func(ctx context.Context, key string) error {
					return h.Sender.Write(ctx, redis.NewStringCmd(ctx, "lpop", key))
				},
				func(key string) (int64, error) {
					n, err := rdb.LLen(ctx, key).Result()
					return 3 - n, err
				},
			},
			{
				"sadd", "s", nil,
				func(ctx context.Context, key string) error {
					return h.Sender.Write(ctx, redis.NewIntCmd(ctx, "sadd", key, "m"))
				},
				func(key string) (int64, error) { return rdb.SCard(ctx, key).Result() },
			},
			{
				"evalsha", "n", func(string) { // the server must know the script
					if _, err := bump.Run(ctx, h, []string{"warm:" + kind}); err != nil {
						t.Fatal(err)
					}
				},
				func(ctx context.Context, key string) error {
					_, err := bump.Run(ctx, h, []string{key})
					return err
				},
				func(key string) (int64, error) { return rdb.Get(ctx, key).Int64() },
			},
		} {
			for _, how := range []string{"cut", "cut always", "swallowed"} {
				t.Run(kind+"/"+tt.name+"/"+how, func(t *testing.T) {
					key := kind + tt.name + how + tt.key
					if tt.name == "evalsha" {
						// each node of a cluster has its own scripts: use the right node
						key = "{warm:" + kind + "}" + how
					}
					if tt.prepare != nil {
						tt.prepare(key)
					}
					executed := p.CountFunc(redistest.All(redistest.Command(tt.name), redistest.Arg(key)))
					ctx := ctx
					switch how {
					case "cut":
						p.CutReply(1, redistest.Command(tt.name))
					case "cut always":
						p.CutReply(-1, redistest.Command(tt.name))
					case "swallowed":
						p.Swallow(-1, redistest.Command(tt.name))
						var cancel context.CancelFunc
						ctx, cancel = context.WithTimeout(ctx, 300*time.Millisecond)
						defer cancel()
					}
					err := tt.write(ctx, key)
					p.Reset()
					wantClass(t, err, send.ErrMaybeRan)
					if n := executed(); n != 1 {
						t.Errorf("sent %d times, want once", n)
					}
					n, err := tt.count(key)
					if err != nil || n != 1 {
						t.Errorf("executed %d times, %v; want once", n, err)
					}
				})
			}
		}
	}
}

// TestRetryIsAsked fails if go-redis stops calling NoRetry. Without the wrapper the same
// command runs more than once.
func TestRetryIsAsked(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t)
	p := redistest.NewProxy(t, s.Addr)
	rdb := s.Client(t, func(o *redis.Options) { o.Addr = p.Addr() })
	p.CutReply(-1, redistest.Command("incr"))
	if err := rdb.Incr(ctx, "bare").Err(); err == nil {
		t.Fatal("the cut reply made no error")
	}
	if n := p.Count("incr"); n < 2 {
		t.Errorf("a bare INCR was sent %d times; this test proves nothing", n)
	}
}

// TestRefusedWritesAreRepeated sends a write to a server that is not ready.
func TestRefusedWritesAreRepeated(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t)
	rdb := s.Client(t)
	trips := redistest.CountTrips(rdb)
	loading := redisError("LOADING Redis is loading the dataset in memory")
	trips.FailNext(2, loading)
	if err := send.New(rdb).Write(ctx, redis.NewIntCmd(ctx, "incr", "n")); err != nil {
		t.Errorf("after two refusals: %v, want success", err)
	}
	trips.Fail(loading)
	err := send.New(rdb).Write(ctx, redis.NewIntCmd(ctx, "incr", "n"))
	trips.Fail(nil)
	wantClass(t, err, send.ErrUnavailable)
	if n, err := rdb.Get(ctx, "n").Int(); n != 1 || err != nil {
		t.Errorf("counter %d, %v; want 1", n, err)
	}
	ended, cancel := context.WithTimeout(ctx, 5*time.Millisecond)
	defer cancel()
	trips.Fail(loading)
	err = send.New(rdb).Write(ended, redis.NewIntCmd(ctx, "incr", "n"))
	wantClass(t, err, send.ErrUnavailable)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want the deadline in it", err)
	}
}

type redisError string

func (e redisError) Error() string { return string(e) }
func (redisError) RedisError()     {}

// TestRefusedConnection makes the server refuse the first command of a connection. The
// error of the pipeline and of each of its commands says that it was not executed.
func TestRefusedConnection(t *testing.T) {
	t.Parallel()
	srv := redistest.StartServer(t)
	rdb := srv.Client(t, func(o *redis.Options) {
		o.OnConnect = func(ctx context.Context, c *redis.Conn) error { return c.Do(ctx, "get").Err() }
	})
	h, err := clients.Of(rdb)
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	for _, ctx := range []context.Context{context.Background(), ctx} {
		cmds := []redis.Cmder{redis.NewStatusCmd(ctx, "set", "a", 1), redis.NewStatusCmd(ctx, "set", "b", 1)}
		if err := h.Sender.WriteOn(ctx, rdb, cmds...); err == nil || errors.Is(err, send.ErrMaybeRan) {
			t.Errorf("the pipeline: %v", err)
		}
		for _, cmd := range cmds {
			if err := h.Sender.ClassifySent(ctx, cmd.Err()); err == nil || errors.Is(err, send.ErrMaybeRan) {
				t.Errorf("%v: %v", cmd.Args(), err)
			}
		}
	}
	if n := srv.Client(t).Exists(ctx, "a", "b").Val(); n > 0 {
		t.Errorf("%d keys were set", n)
	}
}
