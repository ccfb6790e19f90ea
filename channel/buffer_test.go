package channel_test

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/internal/redistest"
)

// TestBufferHolds checks that a channel with 16 senders of two clients and 4 receivers is
// never longer than its bound.
func TestBufferHolds(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		const size, senders, receivers = 5, 16, 4
		each := 40 * scale
		name, h := r.Key("c"), newHistory()
		var sending, receiving sync.WaitGroup
		for i, rdb := range []redis.UniversalClient{r.Client, r.NewClient(t)} {
			c := channel.NewChan[item](rdb, name, channel.Buffer(size))
			for s := range senders / 2 {
				sending.Go(func() { h.send(t, c, i*senders/2+s, each) })
			}
			for j := range receivers / 2 {
				receiving.Go(func() {
					for v, err := range c.All(within(t, 60*time.Second)) {
						if err != nil {
							t.Error(err)
							return
						}
						h.received(fmt.Sprint(i, j), v)
					}
				})
			}
		}
		done := make(chan struct{})
		go func() { sending.Wait(); close(done) }()
		longest := int64(0)
		for raw, ended := r.Raw(), false; !ended; {
			longest = max(longest, raw.LLen(ctx, name).Val())
			select {
			case <-done:
				ended = true
			default:
			}
		}
		if longest > size {
			t.Errorf("%d values in a channel of %d", longest, size)
		}
		if err := channel.NewChan[item](r.Client, name).Close(ctx); err != nil {
			t.Error(err)
		}
		receiving.Wait()
		h.check(t, 0, true)
	})
}

// TestBufferWakes counts the commands of waiting senders: one attempt each second, and one
// send when a receiver has made room.
func TestBufferWakes(t *testing.T) {
	t.Parallel()
	s, p := redistest.StartServer(t), redistest.NewProxy(t, "")
	rdb := s.Client(t, func(o *redis.Options) { o.Dialer = p.Dialer() })
	c := channel.NewChan[int](rdb, "c", channel.Buffer(1))
	if err := c.Send(ctx, 0); err != nil {
		t.Fatal(err)
	}
	const senders = 10
	var group sync.WaitGroup
	for i := range senders {
		group.Go(func() {
			if err := c.Send(within(t, 20*time.Second), i); err != nil {
				t.Error(err)
			}
		})
	}
	sleep(300 * time.Millisecond)
	sends := p.CountFunc(scriptFile(t, sendFile))
	start := time.Now()
	far := channel.NewChan[int](s.Client(t), "c")
	for range senders + 1 {
		if _, err := far.Recv(within(t, 20*time.Second)); err != nil {
			t.Error(err)
		}
	}
	group.Wait()
	took := time.Since(start)
	if most := 2*senders + senders*int(took/time.Second+1); sends() > most {
		t.Errorf("%d sends of %d values in %v, want at most %d", sends(), senders, took, most)
	}
	if took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
	t.Logf("%d sends of %d values in %v", sends(), senders, took)
}

// TestCloseWakesSenders closes a full channel while senders wait.
func TestCloseWakesSenders(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		name := r.Key("c")
		far := channel.NewChan[int](r.NewClient(t), name)
		if err := far.Send(ctx, 0); err != nil {
			t.Fatal(err)
		}
		ends := make(chan error, 6)
		for _, rdb := range []redis.UniversalClient{r.Client, r.NewClient(t)} {
			for range cap(ends) / 2 {
				go func() { ends <- channel.NewChan[int](rdb, name, channel.Buffer(1)).Send(within(t, 20*time.Second), 1) }()
			}
		}
		sleep(300 * time.Millisecond)
		start := time.Now()
		if err := far.Close(ctx); err != nil {
			t.Fatal(err)
		}
		for range cap(ends) {
			if err := <-ends; !errors.Is(err, desir.ErrClosed) {
				t.Errorf("Send: %v; want ErrClosed", err)
			}
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("the senders ended %v after Close", took)
		}
	})
}

// TestChanMemoryFull checks that sends fail when memory is full, that receivers still drain
// the channel, and that sends then succeed.
func TestChanMemoryFull(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t, redistest.Config("maxmemory-policy", "noeviction"))
	c := channel.NewChan[string](s.Client(t), "c")
	long := string(make([]byte, 100<<10))
	for range 60 {
		if err := c.Send(ctx, long); err != nil {
			t.Fatal(err)
		}
	}
	fillMemory(t, s)
	if err := c.Send(ctx, long); !errors.Is(err, desir.ErrOutOfMemory) {
		t.Errorf("Send: %v; want ErrOutOfMemory", err)
	}
	for range 60 {
		if v, err := c.Recv(within(t, 10*time.Second)); v != long || err != nil {
			t.Fatalf("Recv: %d bytes, %v", len(v), err)
		}
	}
	redistest.Eventually(t, 20*time.Second, func() bool { return c.Send(ctx, "v") == nil }, "a value sent again")
}

// fillMemory makes the server's memory full until 1 MiB of what it holds is gone. The garbage
// of its Lua counts on some servers.
func fillMemory(t *testing.T, s *redistest.Server) {
	t.Helper()
	admin := s.Client(t)
	used, err := strconv.Atoi(admin.InfoMap(ctx, "memory").Item("Memory", "used_memory"))
	if err != nil {
		t.Fatal(err)
	}
	if err := admin.ConfigSet(ctx, "maxmemory", strconv.Itoa(used-1<<20)).Err(); err != nil {
		t.Fatal(err)
	}
}
