package channel_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/redistest"
)

// publishLoop publishes rising numbers until stop is called. stop returns how many were
// published.
func publishLoop(topic *channel.Topic[int64]) (stop func() int64) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan int64)
	go func() {
		var n int64
		for ctx.Err() == nil {
			if _, err := topic.Publish(context.WithoutCancel(ctx), n); err == nil {
				n++
			}
		}
		done <- n
	}()
	return func() int64 { cancel(); return <-done }
}

// deliveries counts the numbers of a flood that a subscriber receives.
type deliveries struct {
	next     int64 // the number after the last one received
	got      int64
	missed   int64 // the sum of gaps with a known number
	unknown  int   // gaps with an unknown number
	reported bool  // such a gap came after the last number
	skipped  int64 // skipped numbers
}

func (c *deliveries) add(t *testing.T, m channel.Message[int64], err error) {
	t.Helper()
	gap, isGap := errors.AsType[*channel.GapError](err)
	switch {
	case isGap && gap.Missed < 0:
		c.unknown++
		c.reported = true
	case isGap:
		c.missed += gap.Missed
	case err != nil:
		t.Error(err)
	case m.Value < c.next:
		t.Errorf("heard %d after %d", m.Value, c.next-1)
	default:
		c.got++
		c.skipped += m.Value - c.next
		if c.skipped > c.missed && !c.reported {
			t.Errorf("%d came after %d, and %d messages in all were passed over without a word", m.Value, c.next-1, c.skipped-c.missed)
			c.missed = c.skipped
		}
		if c.reported {
			c.missed, c.reported = max(c.missed, c.skipped), false // the gap covers all missed numbers
		}
		c.next = m.Value + 1
	}
}

// TestTopicKilled kills the subscriber's connection every 50 ms under load.
func TestTopicKilled(t *testing.T) {
	t.Parallel()
	redistest.Goroutines(t)
	for _, k := range topicKinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			srv := redistest.StartServer(t)
			raw := srv.Client(t)
			topic := channel.NewTopic[int64](srv.Client(t, func(o *redis.Options) {
				o.Protocol = 2 + len(k.opts)%2
			}), "t", k.opts...)
			far := channel.NewTopic[int64](srv.Client(t), "t", k.opts...)
			s := subscribe(t, topic, channel.Backlog(1<<20, channel.DropOldest))
			stop := publishLoop(far)
			kills := 0
			tick := time.NewTicker(50 * time.Millisecond)
			defer tick.Stop()
			for kills < 30 {
				<-tick.C
				n, err := raw.ClientKillByFilter(ctx, "TYPE", "pubsub").Result()
				if err != nil {
					t.Fatal(err)
				}
				if n > 0 {
					kills++
				}
			}
			published := stop()
			var c deliveries
			for m, err := range s.All(within(t, 30*time.Second), channel.Idle(500*time.Millisecond)) {
				c.add(t, m, err)
			}
			c.skipped += published - c.next
			t.Logf("%d published, %d kills: %+v", published, kills, c)
			numbered := len(k.opts) > 0 && k.name != "sharded"
			switch {
			case c.got < published/10:
				t.Errorf("only %d of %d arrived", c.got, published)
			case numbered && (c.unknown != 0 || c.missed != c.skipped):
				t.Errorf("missed %d of %d; gaps: %d and %d times an unknown number", c.skipped, published, c.missed, c.unknown)
			case !numbered && published > c.next && !c.reported:
				t.Errorf("the last %d messages were missed without a word", published-c.next)
			case !numbered && c.unknown < kills/2: // one gap may stand for two kills
				t.Errorf("%d gaps for %d kills", c.unknown, kills)
			}
		})
	}
}

// TestTopicFrozen freezes the connection and then releases it, also for a user whose
// connection is checked with PING.
func TestTopicFrozen(t *testing.T) {
	t.Parallel()
	redistest.Goroutines(t)
	for _, how := range []string{"link", "server", "link of a reader"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			srv := redistest.StartServer(t, redistest.Config("user", "reader on >pw resetchannels &t &n -@all +subscribe +ping +hello"))
			proxy := redistest.NewProxy(t, srv.Addr)
			rdb := srv.Client(t, func(o *redis.Options) {
				o.Addr = proxy.Addr()
				if how == "link of a reader" {
					o.Username, o.Password = "reader", "pw"
				}
			})
			topic := channel.NewTopic[int](srv.Client(t), "t")
			s := subscribe(t, channel.NewTopic[int](rdb, "t"))
			numbered := subscribe(t, channel.NewTopic[int](rdb, "n", channel.Numbered()))
			publish(t, topic, 1)
			if got := receive(t, s, 10*time.Second, 1); !slices.Equal(got, []string{"1"}) {
				t.Fatalf("heard %v", got)
			}
			if how == "server" {
				srv.Freeze()
			} else {
				proxy.BlackHole(true)
			}
			began := time.Now()
			if got := receive(t, s, 15*time.Second, 1); !slices.Equal(got, []string{"gap -1"}) {
				t.Errorf("heard %v", got)
			}
			t.Logf("found after %v", time.Since(began))
			if got := receive(t, numbered, 5*time.Second, 1); !slices.Equal(got, []string{"gap -1"}) {
				t.Errorf("the numbered topic heard %v while nothing came", got)
			}
			if how == "server" {
				srv.Thaw()
			} else {
				proxy.BlackHole(false)
			}
			if got := receive(t, s, 15*time.Second, 1); !slices.Equal(got, []string{"gap -1"}) {
				t.Errorf("after the link came back heard %v", got)
			}
			publish(t, topic, 2)
			if got := receive(t, s, 10*time.Second, 1); !slices.Equal(got, []string{"2"}) {
				t.Errorf("heard %v", got)
			}
			allowed := []string{"5"}
			if how == "link of a reader" { // a user who may not ask for the number
				if got := receive(t, numbered, 10*time.Second, 1); !slices.Equal(got, []string{"gap -1"}) {
					t.Errorf("the numbered topic heard %v", got)
				}
			} else { // the subscription may be later than the message, which is then a gap
				allowed = append(allowed, "gap 1")
			}
			publish(t, channel.NewTopic[int](srv.Client(t), "n", channel.Numbered()), 5)
			if got := receive(t, numbered, 10*time.Second, 1); len(got) != 1 || !slices.Contains(allowed, got[0]) {
				t.Errorf("the numbered topic heard %v, want one of %v", got, allowed)
			}
		})
	}
}

// TestTopicFailover freezes the master, so that its subscriber has a connection to a server
// that is no longer the master.
func TestTopicFailover(t *testing.T) {
	t.Parallel()
	redistest.Slow(t)
	st := redistest.StartSentinel(t)
	topic := channel.NewTopic[int64](st.Client(t), "t")
	far := channel.NewTopic[int64](st.Client(t), "t")
	s := subscribe(t, topic)
	old := st.Master()
	old.Freeze()
	st.MasterAfter(old)
	began := time.Now()
	stop := publishLoop(far)
	defer stop()
	gap := false
	for m, err := range s.All(within(t, 40*time.Second)) {
		if err == nil {
			t.Logf("heard %d %v after the failover", m.Value, time.Since(began))
			break
		}
		g, ok := errors.AsType[*channel.GapError](err)
		if !ok {
			t.Fatal(err)
		}
		gap = gap || g.Missed == -1
	}
	if took := time.Since(began); !gap || took > 30*time.Second {
		t.Errorf("gap %t, back after %v", gap, took)
	}
	old.Thaw()
}

// TestTopicRestart restarts the server, which forgets the counter.
func TestTopicRestart(t *testing.T) {
	redistest.Goroutines(t)
	for _, k := range topicKinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			srv := redistest.StartServer(t)
			topic := channel.NewTopic[int](srv.Client(t), "t", k.opts...)
			s := subscribe(t, topic)
			publish(t, topic, 1, 2)
			if got := receive(t, s, 10*time.Second, 2); !slices.Equal(got, []string{"1", "2"}) {
				t.Fatalf("heard %v", got)
			}
			srv.Kill()
			srv.Restart()
			if got := receive(t, s, 10*time.Second, 1); !slices.Equal(got, []string{"gap -1"}) {
				t.Errorf("heard %v", got)
			}
			var got []string
			redistest.Eventually(t, 10*time.Second, func() bool {
				publish(t, topic, 3)
				got = receive(t, s, 100*time.Millisecond, -1)
				return slices.Contains(got, "3")
			}, "messages arrive again")
		})
	}
}

// TestTopicClientCloses closes the client under a subscriber.
func TestTopicClientCloses(t *testing.T) {
	redistest.Goroutines(t)
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		if r.Name == "autopipeline" {
			t.Skip("an AutoPipeliner does not close its client")
		}
		rdb := r.NewClient(t)
		s := subscribe(t, channel.NewTopic[int](rdb, r.Key("t")))
		if err := rdb.Close(); err != nil {
			t.Fatal(err)
		}
		var last error
		for _, err := range s.All(within(t, 10*time.Second)) {
			last = err
		}
		if !errors.Is(last, desir.ErrClosed) || !errors.Is(last, redis.ErrClosed) {
			t.Errorf("the last error was %v", last)
		}
	})
}

// TestTopicDenied has users with a part of the permissions.
func TestTopicDenied(t *testing.T) {
	redistest.Goroutines(t)
	srv := redistest.StartServer(t,
		redistest.Config("user", "reader on >pw resetchannels &t -@all +subscribe +ping +hello"),
		redistest.Config("user", "nobody on >pw resetchannels -@all +ping +hello"))
	as := func(name string) *redis.Client {
		return srv.Client(t, func(o *redis.Options) { o.Username, o.Password = name, "pw" })
	}
	reader := as("reader")
	for _, opts := range [][]channel.TopicOption{nil, {channel.Numbered()}} {
		s := subscribe(t, channel.NewTopic[int](reader, "t", opts...))
		publish(t, channel.NewTopic[int](srv.Client(t), "t", opts...), 1)
		if got := receive(t, s, 10*time.Second, 1); !slices.Equal(got, []string{"1"}) {
			t.Errorf("heard %v", got)
		}
	}
	if _, err := channel.NewTopic[int](reader, "other").Subscribe(ctx); !errors.Is(err, desir.ErrDenied) {
		t.Errorf("Subscribe: %v; want ErrDenied", err)
	}
	if _, err := channel.NewPattern[int](reader, "*").Subscribe(ctx); !errors.Is(err, desir.ErrDenied) {
		t.Errorf("Pattern.Subscribe: %v; want ErrDenied", err)
	}
	if _, err := channel.NewTopic[int](as("nobody"), "t").Subscribe(ctx); !errors.Is(err, desir.ErrDenied) {
		t.Errorf("Subscribe: %v; want ErrDenied", err)
	}
	if _, err := channel.NewTopic[int](reader, "t").Publish(ctx, 1); !errors.Is(err, desir.ErrDenied) {
		t.Errorf("Publish: %v; want ErrDenied", err)
	}
	s := subscribe(t, channel.NewTopic[int](reader, "t"))
	admin := srv.Client(t)
	if err := admin.Do(ctx, "acl", "setuser", "reader", "resetchannels").Err(); err != nil { // and cuts its connections
		t.Fatal(err)
	}
	var last error
	for _, err := range s.All(within(t, 10*time.Second)) {
		last = err
	}
	if !errors.Is(last, desir.ErrDenied) {
		t.Errorf("after the permission was taken away: %v; want ErrDenied", last)
	}
}

// TestTopicWrongType stores another type at the counter's key of a numbered topic. Its new
// subscribers and its publishers fail, and no others.
func TestTopicWrongType(t *testing.T) {
	redistest.Goroutines(t)
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		name := r.Key("t")
		topic := channel.NewTopic[int](r.Client, name, channel.Numbered())
		seq := keys.Part(name, "seq")
		for _, write := range []*redis.Cmd{
			redis.NewCmd(ctx, "set", seq, "text"),
			redis.NewCmd(ctx, "hset", seq, "n", "text"),
		} {
			if err := r.Raw().Del(ctx, seq).Err(); err != nil {
				t.Fatal(err)
			}
			if err := r.Raw().Process(ctx, write); err != nil {
				t.Fatal(err)
			}
			if _, err := topic.Publish(ctx, 1); !errors.Is(err, desir.ErrWrongType) {
				t.Errorf("Publish: %v; want ErrWrongType", err)
			}
			plain := subscribe(t, channel.NewTopic[int](r.Client, name)) // keeps the subscription open
			for range 2 {
				if _, err := topic.Subscribe(within(t, 30*time.Second)); !errors.Is(err, desir.ErrWrongType) {
					t.Errorf("Subscribe: %v; want ErrWrongType", err)
				}
			}
			publish(t, channel.NewTopic[int](r.Client, name), 2)
			if got := receive(t, plain, 10*time.Second, 1); !slices.Equal(got, []string{"2"}) {
				t.Errorf("a plain subscriber heard %v", got)
			}
		}
		if err := r.Raw().Del(ctx, seq).Err(); err != nil {
			t.Fatal(err)
		}
		s := subscribe(t, topic)
		publish(t, topic, 3)
		if got := receive(t, s, 10*time.Second, 1); !slices.Equal(got, []string{"3"}) {
			t.Errorf("heard %v", got)
		}
	})
}

// TestTopicDown subscribes at a server that does not reply.
func TestTopicDown(t *testing.T) {
	redistest.Goroutines(t)
	srv := redistest.StartServer(t)
	topic := channel.NewTopic[int](srv.Client(t), "t")
	srv.Kill()
	if _, err := topic.Subscribe(within(t, 20*time.Second)); !errors.Is(err, desir.ErrUnavailable) {
		t.Errorf("Subscribe: %v; want ErrUnavailable", err)
	}
	srv.Restart()
	srv.Freeze()
	began := time.Now()
	if _, err := topic.Subscribe(within(t, 50*time.Millisecond)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Subscribe: %v; want DeadlineExceeded", err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("Subscribe left its context after %v", took)
	}
	srv.Thaw()
	_ = subscribe(t, topic).Close()
	var calls atomic.Int64
	subscribe(t, topic).Handle(func(channel.Message[int], error) { calls.Add(1) })()
	if n := calls.Load(); n != 0 {
		t.Errorf("a handler that was stopped at once was called %d times", n)
	}
}
