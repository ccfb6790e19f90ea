package conformance

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/internal/redistest"
)

// chanPrefetch receives values before the loop body needs them, and requeues unused ones.
func chanPrefetch(t *testing.T, r *redistest.Redis) {
	key := name(t, r, "jobs")
	c := channel.NewChan[int](r.Client, key)
	checkPrefetch(t, func(vs ...int) { must(t, second(c.SendMany(timeoutContext(t), vs...))) }, c.All, func() int { return lengthOf(t, c) },
		[]int{1, 2, 3, 4, 5, 6, 7})

	// Bytes that do not decode keep their place, and a closed channel is drained.
	must(t, r.Client.RPush(timeoutContext(t), key, "1", "x", "3").Err())
	must(t, c.Close(timeoutContext(t)))
	var got []int
	bad := 0
	for v, err := range c.All(timeoutContext(t), channel.Prefetch(10)) {
		if err != nil {
			bad++
			continue
		}
		got = append(got, v)
	}
	equal(t, "values, and errors", []any{got, bad}, []any{[]int{1, 3}, 1})
	must(t, c.Reopen(timeoutContext(t)))

	for _, n := range []int{0, -1} {
		if _, err := drain(c.All(timeoutContext(t), channel.Prefetch(n), channel.Idle(0))); err == nil {
			t.Errorf("Prefetch(%d): no error", n)
		}
	}
}

func mailboxPrefetch(t *testing.T, r *redistest.Redis) {
	for _, opts := range [][]channel.MailboxOption{nil, {channel.LIFO()}} {
		m := channel.NewMailbox[int](r.Client, name(t, r, fmt.Sprint("m", len(opts))), opts...)
		send := func(vs ...int) {
			for _, v := range vs {
				must(t, m.Send(timeoutContext(t), m.Key(), v))
			}
		}
		all := func(ctx context.Context, opts ...channel.LoopOption) iter.Seq2[int, error] {
			return func(yield func(int, error) bool) {
				for l, err := range m.All(ctx, opts...) {
					if !yield(l.Value, err) {
						return
					}
				}
			}
		}
		order := []int{1, 2, 3, 4, 5, 6, 7}
		if len(opts) > 0 {
			slices.Reverse(order)
		}
		checkPrefetch(t, send, all, func() int { return lengthOf(t, m) }, order)
	}
}

// checkPrefetch ends loops in every way while they hold prefetched values. When the loop
// has returned, the values are requeued in their order.
func checkPrefetch(t *testing.T, send func(...int), all func(context.Context, ...channel.LoopOption) iter.Seq2[int, error], length func() int, order []int) {
	t.Helper()
	prefetch := channel.Prefetch(4)
	send(1, 2, 3, 4, 5, 6, 7)
	for v, err := range all(timeoutContext(t), prefetch) {
		must(t, err)
		equal(t, "the first value", v, order[0])
		equal(t, "values in Redis during the loop", length(), 3)
		break
	}
	equal(t, "values in Redis after break", length(), 6)

	func() {
		defer func() { equal(t, "the body's panic", recover(), any("body")) }()
		for range all(timeoutContext(t), prefetch) {
			panic("body")
		}
	}()
	equal(t, "values in Redis after a panic", length(), 5)

	ctx, cancel := context.WithCancel(timeoutContext(t))
	defer cancel()
	var got []int
	var last error
	for v, err := range all(ctx, prefetch) {
		if last = err; err == nil {
			got = append(got, v)
		}
		cancel()
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("a loop whose context has ended: %v", last)
	}
	equal(t, "values before the context ended", got, order[2:3])
	got, err := drain(all(timeoutContext(t), channel.Prefetch(100), channel.Idle(time.Millisecond)))
	must(t, err)
	equal(t, "the remaining values", got, order[3:])
	equal(t, "values in Redis", length(), 0)
}

func lengthOf(t *testing.T, o interface {
	Len(context.Context) (int, error)
},
) int {
	t.Helper()
	n, err := o.Len(timeoutContext(t))
	must(t, err)
	return n
}
