package channel_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/internal/redistest"
)

// TestChanDenied checks that users without some permissions get ErrDenied, and that receivers
// of other channels go on.
func TestChanDenied(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t,
		redistest.Config("user", "narrow on >x ~good* ~{good* +@all"),
		redistest.Config("user", "unblocking on >x ~* +@all -blpop"),
		redistest.Config("user", "popless on >x ~* +@all -lpop"))
	as := func(user string) redis.UniversalClient {
		return s.Client(t, func(o *redis.Options) { o.Username, o.Password = user, "x" })
	}
	admin := channel.NewChan[string](s.Client(t), "good")
	narrow := as("narrow")
	got := make(chan error, 1)
	go func() {
		_, err := channel.NewChan[string](narrow, "good").Recv(within(t, 20*time.Second))
		got <- err
	}()
	for range 3 {
		if _, err := channel.NewChan[string](narrow, "bad").Recv(within(t, 10*time.Second)); !errors.Is(err, desir.ErrDenied) {
			t.Errorf("Recv of a denied key: %v; want ErrDenied", err)
		}
	}
	if err := admin.Send(ctx, "v"); err != nil {
		t.Error(err)
	}
	if err := <-got; err != nil {
		t.Errorf("Recv beside a denied key: %v", err)
	}
	if err := channel.NewChan[string](narrow, "bad").Send(ctx, "v"); !errors.Is(err, desir.ErrDenied) {
		t.Errorf("Send: %v; want ErrDenied", err)
	}
	for _, user := range []string{"unblocking", "popless"} {
		c := channel.NewChan[string](as(user), user)
		if user == "popless" {
			if err := c.Send(ctx, "v"); err != nil {
				t.Error(err)
			}
		}
		if _, err := c.Recv(within(t, 10*time.Second)); !errors.Is(err, desir.ErrDenied) {
			t.Errorf("Recv of the user %q: %v; want ErrDenied", user, err)
		}
	}
	if n := s.Client(t).LLen(ctx, "popless").Val(); n != 1 {
		t.Errorf("a denied Recv left %d values of 1", n)
	}
}

// TestChanDeniedPublish checks that a user of a cluster who may not publish sends nothing.
func TestChanDeniedPublish(t *testing.T) {
	t.Parallel()
	c := redistest.StartCluster(t, 0, redistest.Config("user", "mute on >x ~* +@all resetchannels"))
	mute := c.Client(t, func(o *redis.ClusterOptions) { o.Username, o.Password = "mute", "x" })
	if err := channel.NewChan[int](mute, "c").Send(ctx, 1); !errors.Is(err, desir.ErrDenied) {
		t.Errorf("Send: %v; want ErrDenied", err)
	}
	if n := c.Client(t).LLen(ctx, "c").Val(); n != 0 {
		t.Errorf("a denied Send stored %d values", n)
	}
}

// TestChanClosedClient closes the client while receivers wait.
func TestChanClosedClient(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		redistest.Goroutines(t)
		for _, used := range []bool{true, false} {
			rdb := r.NewClient(t)
			c := channel.NewChan[int](rdb, r.Key("c"))
			if used {
				if err := c.Send(ctx, 1); err != nil {
					t.Fatal(err)
				}
				if _, err := c.Recv(within(t, 10*time.Second)); err != nil {
					t.Fatal(err)
				}
			}
			got := make(chan error, 3)
			for range cap(got) {
				go func() {
					_, err := c.Recv(within(t, 20*time.Second))
					got <- err
				}()
			}
			sleep(100 * time.Millisecond)
			_ = rdb.Close()
			for range cap(got) {
				if err := <-got; !errors.Is(err, redis.ErrClosed) {
					t.Errorf("a Recv that waited: %v; want redis.ErrClosed", err)
				}
			}
			if _, err := c.Recv(within(t, 10*time.Second)); !errors.Is(err, redis.ErrClosed) {
				t.Errorf("Recv: %v; want redis.ErrClosed", err)
			}
			if _, _, err := c.TryRecv(ctx); !errors.Is(err, redis.ErrClosed) {
				t.Errorf("TryRecv: %v; want redis.ErrClosed", err)
			}
		}
	})
}

// TestChanRing has one receiver on each of many shards, and stops one shard.
func TestChanRing(t *testing.T) {
	t.Parallel()
	first, second := redistest.StartServer(t), redistest.StartServer(t)
	ring := func() *redis.Ring {
		r := redis.NewRing(&redis.RingOptions{
			Addrs: map[string]string{"a": first.Addr, "b": second.Addr}, HeartbeatFrequency: 100 * time.Millisecond,
		})
		t.Cleanup(func() { _ = r.Close() })
		return r
	}
	names := namesInSlots(10)
	got := receiveOnAll(t, ring(), names)
	out := ring()
	sendToAll(t, out, names, "before", got, 20*time.Second)
	second.Kill()
	redistest.Eventually(t, 20*time.Second, func() bool { return out.Len() == 1 }, "a ring of one shard")
	t.Logf("lost: %v", sendToAll(t, out, names, "lost", got, 20*time.Second))
	second.Restart()
	redistest.Eventually(t, 20*time.Second, func() bool { return out.Len() == 2 }, "a ring of two shards")
	t.Logf("back: %v", sendToAll(t, out, names, "back", got, 20*time.Second))
}

// TestChanServerAway checks that no call waits longer than its context while the server is
// away.
func TestChanServerAway(t *testing.T) {
	t.Parallel()
	rdb := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"})
	defer func() { _ = rdb.Close() }()
	c := channel.NewChan[int](rdb, "c")
	start := time.Now()
	if _, err := c.Recv(within(t, 100*time.Millisecond)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Recv: %v; want the deadline", err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("Recv returned after %v", took)
	}
	if _, err := desir.Collect(c.All(within(t, 20*time.Second), channel.Idle(0))); !errors.Is(err, desir.ErrUnavailable) {
		t.Errorf("All: %v; want ErrUnavailable", err)
	}
}
