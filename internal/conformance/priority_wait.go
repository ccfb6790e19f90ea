package conformance

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/internal/redistest"
)

// priorityWaits: consumers of two clients wait for several queues and a Chan. Each value
// wakes one consumer.
func priorityWaits(t *testing.T, r *redistest.Redis) {
	const consumers = 4
	var names []string
	for i := range 3 {
		names = append(names, name(t, r, fmt.Sprint("q", i)))
	}
	jobs := channel.NewChan[string](r.Client, name(t, r, "jobs"))
	got := make(chan string, 100)
	var group sync.WaitGroup
	for _, rdb := range []client{r.Client, r.NewClient(t)} {
		for _, at := range names {
			for range consumers {
				group.Go(func() {
					v, err := channel.NewPriorityQueue[string](rdb, at).Pop(timeoutContext(t))
					if err != nil {
						t.Error(err)
					}
					got <- at + v
				})
			}
		}
	}
	group.Go(func() {
		v, err := jobs.Recv(timeoutContext(t))
		if err != nil {
			t.Error(err)
		}
		got <- v
	})
	out := r.NewClient(t)
	want := []string{"job"}
	for i := range 2 * consumers {
		for _, at := range names {
			must(t, channel.NewPriorityQueue[string](out, at).Push(timeoutContext(t), fmt.Sprint(i), i))
			want = append(want, at+fmt.Sprint(i))
		}
	}
	must(t, jobs.Send(timeoutContext(t), "job"))
	group.Wait()
	var all []string
	for range want {
		all = append(all, <-got)
	}
	slices.Sort(want)
	slices.Sort(all)
	equal(t, "received values", all, want)
}

// cancelHook is a hook that cancels a call while the reply to its script is in flight.
type cancelHook struct {
	onReply func() // for the next command; called when its reply has arrived
	mu      sync.Mutex
}

// cancelAfterScript calls f with a context that ends when its script has been executed
// and before has returned. The reply arrives after f has returned.
func (l *cancelHook) cancelAfterScript(t *testing.T, f func(ctx context.Context) error, before func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	returned := make(chan struct{})
	l.mu.Lock()
	l.onReply = func() { before(); cancel(); <-returned }
	l.mu.Unlock()
	if err := f(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a call whose context ended: %v; want context.Canceled", err)
	}
	close(returned)
}

func (l *cancelHook) DialHook(next redis.DialHook) redis.DialHook { return next }

func (l *cancelHook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (l *cancelHook) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		l.mu.Lock()
		onReply := l.onReply
		l.onReply = nil
		l.mu.Unlock()
		err := next(ctx, cmd)
		if onReply != nil {
			onReply()
		}
		return err
	}
}

// priorityRequeued abandons a pop of each value before it pops the value: the value is
// requeued at its place. If another client has written the same member in between, there
// are two.
func priorityRequeued(t *testing.T, r *redistest.Redis) {
	key := name(t, r, "q")
	rdb, l := r.NewClient(t), new(cancelHook)
	rdb.AddHook(l)
	q := channel.NewPriorityQueue[string](rdb, key)
	must(t, third(q.TryPop(t.Context()))) // the server knows the script
	for i, v := range []string{"a", "a", "b", "z"} {
		must(t, q.Push(t.Context(), v, i/3*9-5))
	}
	must(t, r.Raw().ZAdd(t.Context(), key, redis.Z{Score: -5.125, Member: "plain"}, redis.Z{Score: 1e300, Member: "\x00 :"}).Err())
	entries := func() []redis.Z {
		all, err := r.Raw().ZRangeWithScores(t.Context(), key, 0, -1).Result()
		must(t, err)
		return all
	}
	back := func(want int) {
		t.Helper()
		redistest.Eventually(t, 5*time.Second, func() bool { return len(entries()) == want }, "everything is back")
	}
	leave := func(before func()) {
		l.cancelAfterScript(t, func(ctx context.Context) error { return third(q.TryPop(ctx)) }, before)
	}
	for _, want := range []string{"plain", "a", "a", "b", "z", "\x00 :"} {
		before := entries()
		leave(func() { equal(t, "entries while one is taken", entries(), before[1:]) })
		back(len(before))
		equal(t, "entries", entries(), before)
		again := redis.Z{Score: 2e300, Member: before[0].Member}
		leave(func() { must(t, r.Raw().ZAdd(t.Context(), key, again).Err()) })
		back(len(before) + 1)
		equal(t, "entries, without the requeued one", slices.Contains(entries()[1:], again), true)
		must(t, r.Raw().ZRem(t.Context(), key, again.Member).Err())
		v, ok, err := q.TryPop(t.Context())
		must(t, err)
		equal(t, "TryPop", results(v, ok), results(want, true))
	}
}

// priorityDeadline: consumers end soon after their context.
func priorityDeadline(t *testing.T, r *redistest.Redis) {
	q := channel.NewPriorityQueue[int](r.Client, name(t, r, "q"))
	took := quickest(func() {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		defer cancel()
		if err := second(q.Pop(ctx)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Pop: %v; want the deadline", err)
		}
	})
	if took > 200*time.Millisecond {
		t.Errorf("Pop returned after %v", took)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range []error{second(q.Pop(ended)), third(q.TryPop(ended))} {
		if !errors.Is(err, context.Canceled) || errors.Is(err, desir.ErrMaybeRan) {
			t.Errorf("Pop with a context that has ended: %v", err)
		}
	}
}
