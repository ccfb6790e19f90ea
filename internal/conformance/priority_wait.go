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
	const takers = 4
	var names []string
	for i := range 3 {
		names = append(names, name(t, r, fmt.Sprint("q", i)))
	}
	jobs := channel.NewChan[string](r.Client, name(t, r, "jobs"))
	got := make(chan string, 100)
	var group sync.WaitGroup
	for _, rdb := range []client{r.Client, r.NewClient(t)} {
		for _, at := range names {
			for range takers {
				group.Go(func() {
					v, err := channel.NewPriorityQueue[string](rdb, at).Pop(soon(t))
					if err != nil {
						t.Error(err)
					}
					got <- at + v
				})
			}
		}
	}
	group.Go(func() {
		v, err := jobs.Recv(soon(t))
		if err != nil {
			t.Error(err)
		}
		got <- v
	})
	out := r.NewClient(t)
	want := []string{"job"}
	for i := range 2 * takers {
		for _, at := range names {
			must(t, channel.NewPriorityQueue[string](out, at).Push(soon(t), fmt.Sprint(i), i))
			want = append(want, at+fmt.Sprint(i))
		}
	}
	must(t, jobs.Send(soon(t), "job"))
	group.Wait()
	var all []string
	for range want {
		all = append(all, <-got)
	}
	slices.Sort(want)
	slices.Sort(all)
	equal(t, "what was taken", all, want)
}

// leaving is a hook that cancels a call while the reply to its script is in flight.
type leaving struct {
	arm func() // for the next command; called when its reply has arrived
	mu  sync.Mutex
}

// leave calls f with a context that ends when its script has been executed and meanwhile
// has returned. The reply arrives after f has returned.
func (l *leaving) leave(t *testing.T, f func(ctx context.Context) error, meanwhile func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan struct{})
	l.mu.Lock()
	l.arm = func() { meanwhile(); cancel(); <-left }
	l.mu.Unlock()
	if err := f(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a call that left: %v; want context.Canceled", err)
	}
	close(left)
}

func (l *leaving) DialHook(next redis.DialHook) redis.DialHook { return next }

func (l *leaving) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (l *leaving) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		l.mu.Lock()
		arm := l.arm
		l.arm = nil
		l.mu.Unlock()
		err := next(ctx, cmd)
		if arm != nil {
			arm()
		}
		return err
	}
}

// priorityGivenBack abandons a pop of each value before it pops the value: the value is
// requeued at its place. If another client has written the same member in between, there
// are two.
func priorityGivenBack(t *testing.T, r *redistest.Redis) {
	key := name(t, r, "q")
	rdb, l := r.NewClient(t), new(leaving)
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
	leave := func(meanwhile func()) {
		l.leave(t, func(ctx context.Context) error { return third(q.TryPop(ctx)) }, meanwhile)
	}
	for _, want := range []string{"plain", "a", "a", "b", "z", "\x00 :"} {
		before := entries()
		leave(func() { equal(t, "entries while one is in hand", entries(), before[1:]) })
		back(len(before))
		equal(t, "entries", entries(), before)
		again := redis.Z{Score: 2e300, Member: before[0].Member}
		leave(func() { must(t, r.Raw().ZAdd(t.Context(), key, again).Err()) })
		back(len(before) + 1)
		equal(t, "entries, but for one that came back", slices.Contains(entries()[1:], again), true)
		must(t, r.Raw().ZRem(t.Context(), key, again.Member).Err())
		v, ok, err := q.TryPop(t.Context())
		must(t, err)
		equal(t, "TryPop", answer(v, ok), answer(want, true))
	}
}

// priorityLeaves: consumers end soon after their context.
func priorityLeaves(t *testing.T, r *redistest.Redis) {
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
			t.Errorf("taken with a context that has ended: %v", err)
		}
	}
}
