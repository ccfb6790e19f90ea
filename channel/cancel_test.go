package channel_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/internal/redistest"
)

// leaver receives in every way and leaves at random moments.
type leaver struct {
	t    *testing.T
	c    *channel.Chan[mark]
	h    *history
	name string
	rng  *rand.Rand
	left *atomic.Int64
}

// TestChanLosesNothing lets receivers of two clients leave by cancel, deadline
// and break, thousands of times, under 8 senders.
func TestChanLosesNothing(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		const senders, receivers = 8, 6
		each := 250 * times
		if r.Name == "embedded" {
			each = 50 * times // its Lua is slow
		}
		rng := redistest.Seed(t)
		h, name := newHistory(), r.Key("c")
		out := channel.NewChan[mark](r.NewClient(t), name)
		all, stop := context.WithCancel(ctx)
		var left atomic.Int64
		var receiving, sending sync.WaitGroup
		for i, rdb := range []redis.UniversalClient{r.Client, r.NewClient(t)} {
			for j := range receivers {
				l := &leaver{
					t, channel.NewChan[mark](rdb, name), h, fmt.Sprint(i, j),
					rand.New(rand.NewPCG(rng.Uint64(), 0)), &left,
				}
				receiving.Go(func() {
					for all.Err() == nil {
						l.once(all)
					}
				})
			}
		}
		for s := range senders {
			sending.Go(func() { h.send(t, out, s, each) })
		}
		sending.Wait()
		redistest.Eventually(t, 60*time.Second, func() bool { return h.missing() == 0 }, "every value received")
		stop()
		receiving.Wait()
		h.drain(t, out, 0)
		h.judge(t, 0, false)
		t.Logf("%d values, receivers left %d times", senders*each, left.Load())
	})
}

// once waits for values for a moment.
func (l *leaver) once(all context.Context) {
	d := time.Duration(l.rng.IntN(1500)) * time.Microsecond
	if l.rng.IntN(8) == 0 {
		d *= 20
	}
	ctx, cancel := context.WithCancel(all)
	defer cancel()
	if l.rng.IntN(2) == 0 {
		ctx, cancel = context.WithTimeout(all, d)
		defer cancel()
	} else {
		defer time.AfterFunc(d, cancel).Stop()
	}
	var err error
	var vs []mark
	switch l.rng.IntN(5) {
	case 0:
		vs, err = l.c.RecvMany(ctx, 1+l.rng.IntN(20))
	case 1:
		var v mark
		var ok bool
		if v, ok, err = l.c.TryRecv(ctx); ok {
			vs = []mark{v}
		}
	case 2:
		n := l.rng.IntN(4)
		for v, e := range l.c.All(ctx) {
			if err = e; err == nil {
				vs = append(vs, v)
			}
			if len(vs) > n {
				break
			}
		}
	default:
		var v mark
		if v, err = l.c.Recv(ctx); err == nil {
			vs = []mark{v}
		}
	}
	l.h.received(l.name, vs...)
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		l.left.Add(1)
	case errors.Is(err, desir.ErrUnavailable): // of TryRecv: too many were left
	case err != nil:
		l.t.Errorf("received %v: %v", vs, err)
	}
}

// TestChanOrder has receivers that stay: each of them sees the values of a
// sender in order.
func TestChanOrder(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		const senders, each, receivers = 8, 200 * times, 3
		h, name := newHistory(), r.Key("c")
		out := channel.NewChan[mark](r.NewClient(t), name)
		var receiving, sending sync.WaitGroup
		for i, rdb := range []redis.UniversalClient{r.Client, r.NewClient(t)} {
			for j := range receivers {
				receiving.Go(func() {
					for v, err := range channel.NewChan[mark](rdb, name).All(ctx) {
						if err != nil {
							t.Error(err)
							return
						}
						h.received(fmt.Sprint(i, j), v)
					}
				})
			}
		}
		for s := range senders {
			sending.Go(func() { h.send(t, out, s, each) })
		}
		sending.Wait()
		if err := out.Close(ctx); err != nil {
			t.Error(err)
		}
		receiving.Wait()
		h.judge(t, 0, true)
	})
}

// TestCheckerSeesLoss gives the checker what everybody writes first, a BLPOP
// that a deadline ends: it loses values on a healthy connection.
func TestCheckerSeesLoss(t *testing.T) {
	s := redistest.StartServer(t)
	rdb := s.Client(t, func(o *redis.Options) { o.ContextTimeoutEnabled = true })
	rng := redistest.Seed(t)
	h := newHistory()
	all, stop := context.WithCancel(ctx)
	var receiving sync.WaitGroup
	for i := range 4 {
		rng := rand.New(rand.NewPCG(rng.Uint64(), 0))
		receiving.Go(func() {
			for all.Err() == nil {
				ctx, cancel := context.WithTimeout(all, time.Duration(rng.IntN(1500))*time.Microsecond)
				if v, err := rdb.BLPop(ctx, 0, "naive").Result(); err == nil {
					var m mark
					_, _ = fmt.Sscanf(v[1], "%d-%d", &m.Sender, &m.N)
					h.received(fmt.Sprint(i), m)
				}
				cancel()
			}
		})
	}
	for n, before := 1, time.Now(); ; n++ {
		m := mark{0, n}
		h.try(m)
		if err := rdb.RPush(ctx, "naive", fmt.Sprintf("%d-%d", m.Sender, m.N)).Err(); err != nil {
			t.Fatal(err)
		}
		h.acked(m)
		if n%500 != 0 {
			continue
		}
		redistest.Eventually(t, 10*time.Second, func() bool { return rdb.LLen(ctx, "naive").Val() == 0 }, "an empty list")
		redistest.Eventually(t, 10*time.Second, func() bool { return settled(h) }, "the last receivers")
		if wrong := h.verdict(0, false); len(wrong) > 0 {
			t.Logf("after %d values: %q", n, wrong)
			break
		}
		if time.Since(before) > 60*time.Second {
			t.Error("the naive pair has lost nothing")
			break
		}
	}
	stop()
	receiving.Wait()
}

// settled reports whether the number of missing values stays the same.
func settled(h *history) bool {
	n := h.missing()
	pause(20 * time.Millisecond)
	return n == h.missing()
}
