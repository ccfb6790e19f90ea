package desir_test

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/counter"
	"github.com/desir-go/desir/internal/redistest"
)

// TestOpenExplains opens URLs that do not match their servers. The error must say what is
// wrong after one connection, without waiting longer than necessary.
func TestOpenExplains(t *testing.T) {
	t.Parallel()
	redistest.Goroutines(t)
	s := redistest.StartServer(t, redistest.TLS())
	sentinel := redistest.StartSentinel(t)
	cluster := redistest.StartCluster(t, 0)
	dead := redistest.StartServer(t)
	dead.Kill()
	quiet := silent(t)
	for name, tt := range map[string]struct {
		url   string
		limit time.Duration // the context's timeout; 0 for none
		want  error
		text  string
	}{
		"TLS at a plain port":          {"rediss://" + s.Addr + "?dial_timeout=300ms", 0, desir.ErrUnavailable, "does the port use TLS?"},
		"TLS at a plain port, ctx":     {"rediss://" + s.Addr, 300 * time.Millisecond, desir.ErrUnavailable, "TLS handshake"},
		"TLS at what hangs up":         {"rediss://" + answering(t, ""), 0, desir.ErrUnavailable, "does the port use TLS?"},
		"TLS at what says something":   {"rediss://" + answering(t, "-ERR Protocol error\r\n"), 0, desir.ErrNotSupported, "does the port use TLS?"},
		"plain at a TLS port":          {"redis://" + s.TLSAddr, 0, desir.ErrUnavailable, "require TLS? The scheme rediss://"},
		"plain at a TLS alert":         {"redis://" + answering(t, "\x15\x03\x01\x00\x02\x02\x46"), 0, desir.ErrNotSupported, "uses TLS; the scheme rediss://"},
		"plain at what hangs up":       {"redis://" + answering(t, ""), 0, desir.ErrUnavailable, "require TLS?"},
		"HTTP":                         {"redis://" + answering(t, "HTTP/1.1 400 Bad Request\r\n\r\n"), 0, desir.ErrNotSupported, "HTTP"},
		"refused, ctx":                 {"redis://" + dead.Addr, 1500 * time.Millisecond, desir.ErrUnavailable, "refused"},
		"silent, ctx":                  {"redis://" + quiet, 300 * time.Millisecond, context.DeadlineExceeded, "waiting for a reply from " + quiet},
		"silent":                       {"redis://" + quiet + "?read_timeout=300ms", 0, desir.ErrUnavailable, "i/o timeout"},
		"sentinels, another master":    {"redis+sentinel://" + strings.Join(sentinel.SentinelAddrs, ",") + "/nobody", 0, desir.ErrNotSupported, "no master of this name"},
		"sentinels, one is away":       {"redis+sentinel://" + sentinel.SentinelAddrs[0] + "," + dead.Addr + "/nobody", 0, desir.ErrUnavailable, "refused"},
		"a server for a cluster":       {"redis+cluster://" + s.Addr, 0, desir.ErrNotSupported, "belongs to no cluster"},
		"a server for sentinels":       {"redis+sentinel://" + s.Addr + "/main", 0, desir.ErrNotSupported, "sentinel"},
		"a database that is not there": {"redis://" + s.Addr + "/1000", 0, desir.ErrNotSupported, "DB index"},
		"a database of a cluster":      {"redis+cluster://" + cluster.Addrs[0] + "/1000", 0, desir.ErrNotSupported, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := ctx
			if tt.limit > 0 {
				short, cancel := context.WithTimeout(ctx, tt.limit)
				defer cancel()
				ctx = short
			}
			began := time.Now()
			rdb, err := desir.Open(ctx, tt.url)
			if err == nil {
				_ = rdb.Close()
				t.Fatal("no error")
			}
			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.text) || errors.Is(err, redis.Nil) {
				t.Errorf("%v; want %v with %q", err, tt.want, tt.text)
			}
			if took := time.Since(began); took > 4*time.Second { // go-redis alone would dial five times for 5 s each
				t.Errorf("returned after %v", took)
			}
		})
	}
}

// answering returns the address of a server that writes text to each connection and then
// closes it.
func answering(t *testing.T, text string) string {
	t.Helper()
	addr, _ := listening(t, func(c net.Conn) {
		_, _ = c.Read(make([]byte, 1)) // else the client would see a reset, not the text
		_, _ = c.Write([]byte(text))
		_ = c.(*net.TCPConn).CloseWrite()
		_, _ = c.Read(make([]byte, 64<<10))
		_ = c.Close()
	})
	return addr
}

// TestOpenDialsOnce counts the connections that a failing Open makes.
func TestOpenDialsOnce(t *testing.T) {
	t.Parallel()
	var dials atomic.Int64
	addr, end := listening(t, func(c net.Conn) {
		dials.Add(1)
		_ = c.Close()
	})
	_, err := desir.Open(ctx, "redis://"+addr)
	end()
	if !errors.Is(err, desir.ErrUnavailable) || dials.Load() != 1 {
		t.Errorf("%v after %d connections; want ErrUnavailable after one", err, dials.Load())
	}
}

// TestUnknownMaster calls through sentinels that do not know the master. Their reply is
// the null reply of a missing key. No call may report a missing key.
func TestUnknownMaster(t *testing.T) {
	t.Parallel()
	redistest.Slow(t)
	sentinel := redistest.StartSentinel(t)
	rdb := sentinel.Client(t, func(o *redis.FailoverOptions) { o.MasterName = "nobody" })
	m := collections.NewMap[string, int](rdb, "m")
	for name, call := range map[string]func(context.Context) error{
		"Map.Get":      func(ctx context.Context) error { return third(m.Get(ctx, "k")) },
		"Map.Set":      func(ctx context.Context) error { return m.Set(ctx, "k", 1) },
		"Map.Len":      func(ctx context.Context) error { return second(m.Len(ctx)) },
		"Map.Snapshot": func(ctx context.Context) error { return second(m.Snapshot(ctx)) },
		"Value.Get": func(ctx context.Context) error {
			return third(collections.NewValue[int](rdb, "v").Get(ctx))
		},
		"List.At": func(ctx context.Context) error {
			return third(collections.NewList[int](rdb, "l").At(ctx, 0))
		},
		"SortedSet.Score": func(ctx context.Context) error {
			return third(collections.NewSortedSet[int](rdb, "z").Score(ctx, 1))
		},
		"Counter.Value": func(ctx context.Context) error { return second(counter.New(rdb, "n").Value(ctx)) },
		"Sharded.Value": func(ctx context.Context) error { return second(counter.NewSharded(rdb, "n", 4).Value(ctx)) },
		"Check":         func(ctx context.Context) error { return second(desir.Check(ctx, rdb)) },
	} {
		t.Run(name, func(t *testing.T) {
			for _, ctx := range []context.Context{ctx, redistest.Within(t, 20*time.Second)} {
				if err := call(ctx); !errors.Is(err, desir.ErrNotSupported) || errors.Is(err, redis.Nil) || !strings.Contains(err.Error(), "no master of this name") {
					t.Errorf("%v; want ErrNotSupported", err)
				}
			}
		})
	}
}

// TestOpenAliases opens URLs with Valkey's schemes, and a database of a cluster if the
// server has several databases.
func TestOpenAliases(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t, redistest.TLS())
	many, err := s.Client(t).ConfigGet(ctx, "cluster-databases").Result()
	if err != nil {
		t.Fatal(err)
	}
	var opts []redistest.ServerOption
	if len(many) > 0 {
		opts = append(opts, redistest.Config("cluster-databases", "16"))
	}
	cluster := redistest.StartCluster(t, 0, opts...)
	for raw, db := range map[string]int{
		"valkey://" + s.Addr + "/3":                                   3,
		"valkeys://" + s.TLSAddr + "/4?skip_verify=true":              4,
		"valkey+cluster://" + cluster.Addrs[0]:                        0,
		"redis+cluster://" + cluster.Addrs[0] + "/0":                  0,
		"valkey+cluster://" + strings.Join(cluster.Addrs, ",") + "/5": 5,
	} {
		rdb, err := desir.Open(ctx, raw)
		if db == 5 && len(many) == 0 { // clusters before Valkey 9 have one database
			if !errors.Is(err, desir.ErrNotSupported) {
				t.Errorf("%s: %v; want ErrNotSupported", raw, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", raw, err)
			continue
		}
		var sum int64
		for i := range 20 { // enough keys to use all nodes
			n := counter.New(rdb, "open:"+strconv.Itoa(i))
			if err := n.Clear(ctx); err != nil {
				t.Error(err)
			}
			v, err := n.Add(ctx, 1)
			if err != nil {
				t.Errorf("%s: %v", raw, err)
			}
			sum += v
		}
		if info, err := rdb.ClientInfo(ctx).Result(); err != nil || info.DB != db || sum != 20 {
			t.Errorf("%s: database %v, %v, sum %d; want database %d", raw, info, err, sum, db)
		}
		if err := rdb.Close(); err != nil {
			t.Error(err)
		}
	}
}
