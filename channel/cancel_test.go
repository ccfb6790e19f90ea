package channel_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/internal/redistest"
)

// cancelingReceiver receives with each method and leaves at random moments.
type cancelingReceiver struct {
	t       *testing.T
	methods []receiveMethod
	history *history
	name    string
	rng     *rand.Rand
	left    *atomic.Int64
}

// TestChanLosesNothing lets receivers leave while 8 senders send.
func TestChanLosesNothing(t *testing.T) {
	t.Parallel()
	testNoLoss(t, chans, 8, 6, 250, 50)
}

// TestMailboxLosesNothing lets receivers at both ends leave while 4 senders send.
func TestMailboxLosesNothing(t *testing.T) {
	t.Parallel()
	testNoLoss(t, mailboxes, 4, 5, 150, 40)
}

// TestPriorityLosesNothing lets consumers leave while 8 producers push.
func TestPriorityLosesNothing(t *testing.T) {
	t.Parallel()
	testNoLoss(t, queues, 8, 6, 250, 20)
}

// testNoLoss lets receivers of two clients leave thousands of times, by cancel, deadline and
// break, while senders send. The embedded server gets fewer values, since its Lua is slow.
func testNoLoss(t *testing.T, k carrierType, senders, receivers, each, embedded int) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		each := each * scale
		if r.Name == "embedded" {
			each = embedded * scale
		}
		rng := redistest.Seed(t)
		h, name := newHistory(), r.Key("c")
		out := k.open(r.NewClient(t), name)
		all, stop := context.WithCancel(ctx)
		var left atomic.Int64
		var receiving, sending sync.WaitGroup
		for i, rdb := range []redis.UniversalClient{r.Client, r.NewClient(t)} {
			for j := range receivers {
				l := &cancelingReceiver{t, k.methods(rdb, name, j), h, fmt.Sprint(i, j), rand.New(rand.NewPCG(rng.Uint64(), 0)), &left}
				receiving.Go(func() { l.run(all) })
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
		h.check(t, 0, false)
		t.Logf("%d values, receivers left %d times", senders*each, left.Load())
	})
}

func (l *cancelingReceiver) run(all context.Context) {
	for all.Err() == nil {
		l.receiveOnce(all)
	}
}

// receiveOnce receives once, for a short time.
func (l *cancelingReceiver) receiveOnce(all context.Context) {
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
	got, err := l.methods[l.rng.IntN(len(l.methods))](ctx, l.rng)
	l.history.received(l.name, got...)
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		l.left.Add(1)
		op, _ := errors.AsType[*desir.OpError](err)
		tried := strings.HasSuffix(op.Op, "TryRecv") || strings.HasSuffix(op.Op, ".TryPop") // and the server was slow
		if errors.Is(err, desir.ErrMaybeRan) && !tried {
			l.t.Errorf("a receiver that left: %v", err)
		}
	case errors.Is(err, desir.ErrUnavailable): // from Try methods: too many abandoned calls
	case err != nil:
		l.t.Errorf("received %v: %v", got, err)
	}
}

// TestChanOrder checks that a receiver that does not leave sees the values of each sender in
// order.
func TestChanOrder(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		const senders, each, receivers = 8, 200 * scale, 3
		h, name := newHistory(), r.Key("c")
		out := channel.NewChan[item](r.NewClient(t), name)
		var receiving, sending sync.WaitGroup
		for i, rdb := range []redis.UniversalClient{r.Client, r.NewClient(t)} {
			for j := range receivers {
				receiving.Go(func() {
					for v, err := range channel.NewChan[item](rdb, name).All(ctx, channel.Prefetch(1+5*j)) {
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
		h.check(t, 0, true)
	})
}

// TestCheckerSeesLoss checks that the checker detects losses. It uses a plain BLPOP with a
// deadline, which loses values on a healthy connection.
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
					var m item
					_, _ = fmt.Sscanf(v[1], "%d-%d", &m.Sender, &m.N)
					h.received(fmt.Sprint(i), m)
				}
				cancel()
			}
		})
	}
	for n, before := 1, time.Now(); ; n++ {
		m := item{0, n}
		h.try(m)
		if err := rdb.RPush(ctx, "naive", fmt.Sprintf("%d-%d", m.Sender, m.N)).Err(); err != nil {
			t.Fatal(err)
		}
		h.acked(m)
		if n%500 != 0 {
			continue
		}
		redistest.Eventually(t, 10*time.Second, func() bool { return rdb.LLen(ctx, "naive").Val() == 0 }, "an empty list")
		redistest.Eventually(t, 10*time.Second, func() bool { return missingStable(h) }, "the last receivers")
		if wrong := h.problems(0, false); len(wrong) > 0 {
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

// missingStable reports whether the number of missing values no longer changes.
func missingStable(h *history) bool {
	n := h.missing()
	sleep(20 * time.Millisecond)
	return n == h.missing()
}
