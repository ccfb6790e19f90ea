package embedded_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/embedded"
	"github.com/desir-go/desir/internal/redistest"
)

func start(t *testing.T) *embedded.Server {
	t.Helper()
	s, err := embedded.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

func TestStartAndClose(t *testing.T) {
	redistest.Goroutines(t)
	ctx := context.Background()
	for range 50 {
		s, err := embedded.Start()
		if err != nil {
			t.Fatal(err)
		}
		other := redis.NewClient(&redis.Options{Addr: s.Addr()})
		if err := s.Client().Set(ctx, "k", "v", time.Hour).Err(); err != nil {
			t.Fatal(err)
		}
		if got, err := other.Get(ctx, "k").Result(); got != "v" || err != nil {
			t.Fatalf("Get through Addr = %q, %v; want v", got, err)
		}
		addr := s.Addr()
		for range 2 {
			if err := s.Close(); err != nil {
				t.Fatalf("Close: %v", err)
			}
		}
		if s.Addr() != addr {
			t.Errorf("Addr after Close = %q; want %q", s.Addr(), addr)
		}
		if err := s.Client().Get(ctx, "k").Err(); !errors.Is(err, redis.ErrClosed) {
			t.Errorf("Get after Close: %v; want redis.ErrClosed", err)
		}
		if err := other.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestServersShareNothing(t *testing.T) {
	ctx := context.Background()
	a, b := start(t), start(t)
	if a.Addr() == b.Addr() {
		t.Fatalf("two servers at %s", a.Addr())
	}
	if err := a.Client().Set(ctx, "k", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if err := b.Client().Get(ctx, "k").Err(); !errors.Is(err, redis.Nil) {
		t.Errorf("Get at the other server: %v; want redis.Nil", err)
	}
}

func TestCloseEndsWaiting(t *testing.T) {
	redistest.Goroutines(t)
	ctx := context.Background()
	s, err := embedded.Start()
	if err != nil {
		t.Fatal(err)
	}
	sub := s.Client().Subscribe(ctx, "news")
	if _, err := sub.Receive(ctx); err != nil {
		t.Fatal(err)
	}
	messages := sub.Channel()
	started := make(chan struct{})
	popped := make(chan error)
	go func() {
		close(started)
		popped <- s.Client().BLPop(ctx, 0, "empty").Err()
	}()
	<-started
	redistest.Eventually(t, 20*time.Second, func() bool { return s.Client().PoolStats().TotalConns > 0 }, "BLPop is on its way")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-popped; err == nil || errors.Is(err, redis.Nil) {
		t.Errorf("BLPop: %v; want an error for the closed client", err)
	}
	if _, ok := <-messages; ok {
		t.Error("a message from a closed server")
	}
	_ = sub.Close()
}

func TestHundredGoroutines(t *testing.T) {
	redistest.Goroutines(t)
	ctx := context.Background()
	c := start(t).Client()
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			for range 20 {
				if err := c.Incr(ctx, "stock").Err(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if got, err := c.Get(ctx, "stock").Int(); got != 2000 || err != nil {
		t.Errorf("Get = %d, %v; want 2000", got, err)
	}
}

func TestBlockingCommands(t *testing.T) {
	ctx := context.Background()
	c := start(t).Client()
	began := time.Now()
	if err := c.Do(ctx, "BLPOP", "empty", 0.05).Err(); !errors.Is(err, redis.Nil) || time.Since(began) < 50*time.Millisecond {
		t.Errorf("BLPOP with a timeout: %v after %v; want redis.Nil after 50 ms", err, time.Since(began))
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		v, err := c.BLPop(ctx, 0, "jobs").Result()
		if len(v) != 2 || v[1] != "paint" || err != nil {
			t.Errorf("BLPop = %q, %v; want the job", v, err)
		}
	})
	wg.Go(func() {
		if err := c.RPush(ctx, "jobs", "paint").Err(); err != nil {
			t.Error(err)
		}
	})
	wg.Wait()
}
