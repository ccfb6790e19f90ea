package channel_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/internal/redistest"
)

// TestPriorityClock turns the server's clock back and stops it. The order of the pushes is
// kept, and equal values stay separate.
func TestPriorityClock(t *testing.T) {
	t.Parallel()
	s := miniredis.RunT(t)
	rdb := redis.NewClient(&redis.Options{Addr: s.Addr(), DisableIdentity: true})
	defer rdb.Close()
	q := channel.NewPriorityQueue[string](rdb, "q")
	noon := time.Date(2025, 10, 9, 12, 0, 0, 0, time.UTC)
	var want []string
	for i, ago := range []time.Duration{0, 0, time.Hour, time.Minute, -time.Second, 48 * time.Hour} {
		s.SetTime(noon.Add(-ago))
		for _, v := range []string{"same", fmt.Sprint("z", i), "same", fmt.Sprint("a", i)} {
			for p := range 3 {
				if err := q.Push(ctx, v, p); err != nil {
					t.Fatal(err)
				}
			}
			want = append(want, v)
		}
	}
	want = slices.Concat(want, want, want)
	var got []string
	for range want {
		v, _, err := q.TryPop(ctx)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, v)
	}
	if !slices.Equal(got, want) {
		t.Errorf("popped %q; want %q", got, want)
	}
}

const (
	memberFile       = "scripts/priority_member.lua"
	priorityPushFile = "scripts/priority_push.lua"
	priorityTakeFile = "scripts/priority_take.lua"
	priorityGiveFile = "scripts/priority_requeue.lua"
)

// loadScripts loads the scripts of a queue.
func loadScripts(t *testing.T, q *channel.PriorityQueue[int]) {
	t.Helper()
	if err := q.Push(ctx, 0, 0); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := q.TryPop(ctx); !ok || err != nil {
		t.Fatal(ok, err)
	}
}

// TestPushReplyLost checks that a lost reply is ErrMaybeRan, and that the value is stored
// exactly once.
func TestPushReplyLost(t *testing.T) {
	t.Parallel()
	eachFault(t, func(t *testing.T, x *lossyServer) {
		q := channel.NewPriorityQueue[int](x.viaProxy, "q")
		loadScripts(t, q)
		x.loseReplies(1, scriptFile(t, priorityPushFile, memberFile))
		if err := q.Push(ctx, 7, 1); !errors.Is(err, desir.ErrMaybeRan) {
			t.Errorf("Push: %v; want ErrMaybeRan", err)
		}
		far := channel.NewPriorityQueue[int](x.direct, "q")
		v, ok, err := far.TryPop(ctx)
		n, err2 := far.Len(ctx)
		if v != 7 || !ok || n != 0 || err != nil || err2 != nil {
			t.Errorf("TryPop = %d, %t, %v; then %d are left, %v", v, ok, err, n, err2)
		}
	})
}

// TestTryPopReplyLost checks that a lost reply is ErrMaybeRan, since the value may be lost,
// and that no other value is lost.
func TestTryPopReplyLost(t *testing.T) {
	t.Parallel()
	eachFault(t, func(t *testing.T, x *lossyServer) {
		q := channel.NewPriorityQueue[int](x.viaProxy, "q")
		loadScripts(t, q)
		for i := range 3 {
			if err := q.Push(ctx, i, i); err != nil {
				t.Fatal(err)
			}
		}
		x.loseReplies(1, scriptFile(t, priorityTakeFile, popFile))
		if _, ok, err := q.TryPop(ctx); ok || !errors.Is(err, desir.ErrMaybeRan) {
			t.Errorf("TryPop = %t, %v; want ErrMaybeRan", ok, err)
		}
		for want := 1; want < 3; want++ {
			if v, err := q.Pop(within(t, 10*time.Second)); v != want || err != nil {
				t.Errorf("Pop = %d, %v; want %d", v, err, want)
			}
		}
	})
}

// TestPopReplyLost checks that waiting calls go on, and that lost values are counted.
func TestPopReplyLost(t *testing.T) {
	t.Parallel()
	eachFault(t, func(t *testing.T, x *lossyServer) {
		q := channel.NewPriorityQueue[int](x.viaProxy, "q")
		loadScripts(t, q)
		got := make(chan int, 1)
		go func() {
			v, err := q.Pop(within(t, 30*time.Second))
			if err != nil {
				t.Errorf("Pop: %v", err)
			}
			got <- v
		}()
		x.loseReplies(1, scriptFile(t, priorityTakeFile, popFile))
		far := channel.NewPriorityQueue[int](x.direct, "q")
		sent := 0
		redistest.Eventually(t, 20*time.Second, func() bool { // the first take may precede the first value
			sent++
			if err := far.Push(ctx, sent, sent); err != nil {
				t.Error(err)
			}
			return len(got) > 0
		}, "a value for who waits")
		v := <-got
		n, err := far.Len(ctx)
		lost := sent - n - 1
		if lost < 0 || lost > 1 || v != lost+1 || err != nil {
			t.Errorf("%d pushed, %d came, %d are left, %v", sent, v, n, err)
		}
		x.proxy.CutAll() // otherwise the client would wait for the late reply
		redistest.Eventually(t, 10*time.Second, func() bool { return lostCount(t, x.viaProxy) >= lost }, "what is lost is counted")
	})
}

// TestPriorityRequeueReplyLost checks that a value whose requeue has no reply is at its old
// position, and counts as perhaps lost.
func TestPriorityRequeueReplyLost(t *testing.T) {
	t.Parallel()
	eachFault(t, func(t *testing.T, x *lossyServer) {
		q := channel.NewPriorityQueue[int](x.viaProxy, "q")
		loadScripts(t, q)
		for i := range 3 {
			if err := q.Push(ctx, i, 7); err != nil {
				t.Fatal(err)
			}
		}
		entries := func() []redis.Z { return x.direct.ZRangeWithScores(ctx, "q", 0, -1).Val() }
		before := entries()
		leave := func() { // while the value is in flight
			x.proxy.Delay(1, time.Second, scriptFile(t, priorityTakeFile, popFile))
			if v, err := q.Pop(within(t, 300*time.Millisecond)); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Pop = %d, %v; want the deadline", v, err)
			}
			redistest.Eventually(t, 5*time.Second, func() bool { return slices.Equal(entries(), before) }, "the value where it was")
		}
		leave()
		if n := lostCount(t, x.viaProxy); n != 0 {
			t.Errorf("%d counted, nothing was lost", n)
		}
		x.loseReplies(1, scriptFile(t, priorityGiveFile, memberFile))
		leave()
		redistest.Eventually(t, 5*time.Second, func() bool { return lostCount(t, x.viaProxy) == 1 }, "one counted")
		for want := range 3 {
			if v, err := q.Pop(within(t, 10*time.Second)); v != want || err != nil {
				t.Errorf("Pop = %d, %v; want %d", v, err, want)
			}
		}
	})
}

// TestPriorityMemoryFull checks that pushes fail when memory is full, that consumers still
// drain the queue, and that pushes then succeed.
func TestPriorityMemoryFull(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t, redistest.Config("maxmemory-policy", "noeviction"))
	q := channel.NewPriorityQueue[string](s.Client(t), "q")
	long := string(make([]byte, 100<<10))
	for range 60 {
		if err := q.Push(ctx, long, 1); err != nil {
			t.Fatal(err)
		}
	}
	fillMemory(t, s)
	if err := q.Push(ctx, long, 1); !errors.Is(err, desir.ErrOutOfMemory) {
		t.Errorf("Push: %v; want ErrOutOfMemory", err)
	}
	for range 60 {
		if v, err := q.Pop(within(t, 10*time.Second)); v != long || err != nil {
			t.Fatalf("Pop: %d bytes, %v", len(v), err)
		}
	}
	redistest.Eventually(t, 5*time.Second, func() bool { return q.Push(ctx, "v", 1) == nil }, "a value pushed again")
}

// TestPriorityDenied checks that ErrDenied loses no value.
func TestPriorityDenied(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t,
		redistest.Config("user", "popless on >x ~* +@all -zpopmin"),
		redistest.Config("user", "wakeless on >x ~q +@all"))
	all := channel.NewPriorityQueue[string](s.Client(t), "q")
	for i := range 2 {
		if err := all.Push(ctx, "v", i); err != nil {
			t.Fatal(err)
		}
	}
	for _, user := range []string{"popless", "wakeless"} {
		q := channel.NewPriorityQueue[string](s.Client(t, func(o *redis.Options) { o.Username, o.Password = user, "x" }), "q")
		if _, _, err := q.TryPop(ctx); !errors.Is(err, desir.ErrDenied) {
			t.Errorf("TryPop of the user %q: %v; want ErrDenied", user, err)
		}
		if _, err := q.Pop(within(t, 10*time.Second)); !errors.Is(err, desir.ErrDenied) {
			t.Errorf("Pop of the user %q: %v; want ErrDenied", user, err)
		}
	}
	if n, err := all.Len(ctx); n != 2 || err != nil {
		t.Errorf("what was denied left %d values of 2, %v", n, err)
	}
}
