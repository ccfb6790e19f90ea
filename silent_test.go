package desir_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/command"
	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/rpc"
)

// TestSilentCluster makes the first calls to a cluster whose nodes accept connections and
// never reply. go-redis then requests the cluster's slot map and ignores the context.
func TestSilentCluster(t *testing.T) {
	t.Parallel()
	redistest.Goroutines(t)
	addr := silent(t)
	for name, call := range map[string]func(context.Context, redis.UniversalClient) error{
		"Check":   func(ctx context.Context, c redis.UniversalClient) error { return second(desir.Check(ctx, c)) },
		"Map.Get": func(ctx context.Context, c redis.UniversalClient) error { return third(numbers(c).Get(ctx, "k")) },
		"Map.All": func(ctx context.Context, c redis.UniversalClient) error {
			return second(desir.Collect(numbers(c).All(ctx)))
		},
		"Map.Update": func(ctx context.Context, c redis.UniversalClient) error {
			return second(numbers(c).Update(ctx, "k", func(int, bool) (int, bool, error) { return 1, true, nil }))
		},
		"Chan.Recv": func(ctx context.Context, c redis.UniversalClient) error {
			return second(channel.NewChan[int](c, "c").Recv(ctx))
		},
		"Subscribe, sharded": func(ctx context.Context, c redis.UniversalClient) error {
			return second(channel.NewTopic[int](c, "t", channel.Sharded()).Subscribe(ctx))
		},
		"a command that blocks": func(ctx context.Context, c redis.UniversalClient) error {
			return second(command.New(c).Do(ctx, "BLPOP", "l", 0))
		},
		"a command for all masters": func(ctx context.Context, c redis.UniversalClient) error {
			return second(command.New(c).Do(ctx, "DBSIZE"))
		},
		"rpc": func(ctx context.Context, c redis.UniversalClient) error {
			return second(rpc.NewMethod[int, int]("M").Call(ctx, rpc.NewClient(c, "s"), 1))
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{addr}, ReadTimeout: time.Minute})
			defer c.Close()
			ctx, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
			defer cancel()
			began := time.Now()
			err := call(ctx, c)
			if took := time.Since(began); took > 10*time.Second || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%v after %v; want the end of the context of 50 ms", err, took)
			}
		})
	}
}

// TestOpenSilent opens sentinels that never reply. Open must return when its context
// ends, and the client must be closed when its dial has ended.
func TestOpenSilent(t *testing.T) {
	t.Parallel()
	redistest.Goroutines(t)
	ctx, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := desir.Open(ctx, "redis+sentinel://"+silent(t)+"/main?dial_timeout=1m&read_timeout=1m")
	if took := time.Since(began); took > 10*time.Second || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Open: %v after %v; want the end of the context of 50 ms", err, took)
	}
}

func numbers(c redis.UniversalClient) *collections.Map[string, int] {
	return collections.NewMap[string, int](c, "m")
}

// silent returns the address of a server that accepts connections and never replies.
func silent(t *testing.T) string {
	t.Helper()
	var open []net.Conn
	addr, end := listening(t, func(c net.Conn) { open = append(open, c) })
	t.Cleanup(func() {
		end()
		for _, c := range open {
			_ = c.Close()
		}
	})
	return addr
}

// listening returns the address of a server that calls serve for one connection after the
// other, and a function that ends the server. The end of the test ends it too.
func listening(t *testing.T, serve func(net.Conn)) (addr string, end func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serve(c)
		}
	}()
	end = func() {
		_ = l.Close()
		<-ended
	}
	t.Cleanup(end)
	return l.Addr().String(), end
}
