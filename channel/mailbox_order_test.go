package channel_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/internal/redistest"
)

// TestMailboxPicksInOrder has a selective receiver for each kind of letter but one. Each
// receiver gets its kind in order, and the letters of the last kind stay in order.
func TestMailboxPicksInOrder(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		const senders, kinds = 4, 4 // the last kind stays
		each := 120 * scale
		if r.Name == "embedded" {
			each = 60 * scale
		}
		name, h := r.Key("m"), newHistory()
		out := newMailboxCarrier(r.NewClient(t), name)
		rdbs := []redis.UniversalClient{r.Client, r.NewClient(t)}
		var group sync.WaitGroup
		for s := range senders {
			group.Go(func() { h.send(t, out, s, each) })
		}
		for kind := range kinds - 1 {
			m := channel.NewMailbox[item](rdbs[kind%len(rdbs)], name)
			group.Go(func() {
				for range senders * each / kinds {
					l, err := m.Receive(within(t, 60*time.Second), func(l channel.Letter[item]) bool { return l.Value.N%kinds == kind })
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
		for l, err := range channel.NewMailbox[item](r.Client, name).All(within(t, 20*time.Second), channel.Idle(0)) {
			if err != nil || l.Value.N%kinds != kinds-1 {
				t.Errorf("left: %v, %v", l.Value, err)
			}
			h.received("rest", l.Value)
			n++
		}
		if n != senders*each/kinds {
			t.Errorf("%d letters stayed, want %d", n, senders*each/kinds)
		}
		h.check(t, 0, true)
	})
}
