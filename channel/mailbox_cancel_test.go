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

// post carries marks as letters to one address.
type post struct {
	m  *channel.Mailbox[mark]
	to string
}

func postTo(rdb redis.UniversalClient, name string, opts ...channel.MailboxOption) post {
	return post{channel.NewMailbox[mark](rdb, name, opts...), name}
}

func (p post) Send(ctx context.Context, m mark) error { return p.m.Send(ctx, p.to, m) }

func (p post) Recv(ctx context.Context) (mark, error) {
	l, err := p.m.Recv(ctx)
	return l.Value, err
}

// mailLeaver receives letters in every way and leaves at random moments.
type mailLeaver struct {
	t    *testing.T
	m    *channel.Mailbox[mark]
	h    *history
	name string
	rng  *rand.Rand
	left *atomic.Int64
}

// TestMailboxLosesNothing lets receivers of two clients, at both ends, leave by
// cancel, deadline and break, under 4 senders.
func TestMailboxLosesNothing(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		const senders, receivers = 4, 5
		each := 150 * times
		if r.Name == "embedded" {
			each = 40 * times // its Lua is slow
		}
		rng := redistest.Seed(t)
		h, name := newHistory(), r.Key("m")
		out := postTo(r.NewClient(t), name)
		all, stop := context.WithCancel(ctx)
		var left atomic.Int64
		var receiving, sending sync.WaitGroup
		for i, rdb := range []redis.UniversalClient{r.Client, r.NewClient(t)} {
			for j := range receivers {
				var opts []channel.MailboxOption
				if j%2 == 1 {
					opts = append(opts, channel.LIFO())
				}
				l := &mailLeaver{
					t, channel.NewMailbox[mark](rdb, name, opts...), h, fmt.Sprint(i, j),
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
		redistest.Eventually(t, 60*time.Second, func() bool { return h.missing() == 0 }, "every letter received")
		stop()
		receiving.Wait()
		h.drain(t, out, 0)
		h.judge(t, 0, false)
		t.Logf("%d letters, receivers left %d times", senders*each, left.Load())
	})
}

// once waits for letters for a moment.
func (l *mailLeaver) once(all context.Context) {
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
	var got []mark
	switch l.rng.IntN(6) {
	case 0:
		var letter channel.Letter[mark]
		var ok bool
		if letter, ok, err = l.m.TryRecv(ctx); ok {
			got = append(got, letter.Value)
		}
	case 1:
		n := l.rng.IntN(4)
		for letter, e := range l.m.All(ctx) {
			if err = e; err == nil {
				got = append(got, letter.Value)
			}
			if len(got) > n {
				break
			}
		}
	case 2, 3:
		n := l.rng.IntN(3)
		letter, e := l.m.Receive(ctx, func(letter channel.Letter[mark]) bool { return letter.Value.N%3 == n })
		if err = e; err == nil {
			got = append(got, letter.Value)
		}
	default:
		letter, e := l.m.Recv(ctx)
		if err = e; err == nil {
			got = append(got, letter.Value)
		}
	}
	l.h.received(l.name, got...)
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		l.left.Add(1)
		if errors.Is(err, desir.ErrMaybeRan) {
			l.t.Errorf("a receiver that left: %v", err)
		}
	case errors.Is(err, desir.ErrUnavailable): // of TryRecv: too many were left
	case err != nil:
		l.t.Errorf("received %v: %v", got, err)
	}
}

// TestMailboxPicksInOrder has a selective receiver for each kind of letter, and
// letters that nobody wants: each receiver has its kind in order, and what stays is
// in order too.
func TestMailboxPicksInOrder(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		const senders, kinds = 4, 4 // the last kind stays
		each := 120 * times
		if r.Name == "embedded" {
			each = 60 * times
		}
		name, h := r.Key("m"), newHistory()
		out := postTo(r.NewClient(t), name)
		clients := []redis.UniversalClient{r.Client, r.NewClient(t)}
		var group sync.WaitGroup
		for s := range senders {
			group.Go(func() { h.send(t, out, s, each) })
		}
		for kind := range kinds - 1 {
			m := channel.NewMailbox[mark](clients[kind%len(clients)], name)
			group.Go(func() {
				for range senders * each / kinds {
					l, err := m.Receive(within(t, 60*time.Second), func(l channel.Letter[mark]) bool { return l.Value.N%kinds == kind })
					if err != nil {
						t.Error(err)
						return
					}
					h.received(fmt.Sprint(kind), l.Value)
				}
			})
		}
		group.Wait()
		n := 0
		for l, err := range channel.NewMailbox[mark](r.Client, name).All(within(t, 20*time.Second), channel.Idle(0)) {
			if err != nil || l.Value.N%kinds != kinds-1 {
				t.Errorf("left: %v, %v", l.Value, err)
			}
			h.received("rest", l.Value)
			n++
		}
		if n != senders*each/kinds {
			t.Errorf("%d letters stayed, want %d", n, senders*each/kinds)
		}
		h.judge(t, 0, true)
	})
}
