package collections_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/internal/redistest"
)

// TestCanceledNeighbours ends the contexts of half the callers while batches are in
// flight and others wait. The canceled calls must return immediately; the others must
// get replies.
func TestCanceledNeighbours(t *testing.T) {
	t.Parallel()
	const n = 100
	prompt := 10 * time.Millisecond
	if raceEnabled {
		prompt *= 5
	}
	eachLink(t, func(t *testing.T, p *redistest.Proxy, rdb redis.UniversalClient) {
		l := collections.NewList[int](rdb, "list")
		m := collections.NewMap[int, int](rdb, "map")
		if err := m.SetMany(ctx, map[int]int{0: 0}); err != nil {
			t.Fatal(err)
		}
		for command, call := range map[string]func(ctx context.Context, i int) error{
			"rpush": func(ctx context.Context, i int) error { return second(l.PushBack(ctx, i)) },
			"hmget": func(ctx context.Context, i int) error { return third(m.Get(ctx, i)) },
		} {
			best := time.Hour // the best of a few rounds, because the machine may be busy
			for round := 0; round < 5 && best > prompt; round++ {
				best = min(best, canceledNeighbours(t, p, command, n, call))
				all, err := l.Slice(ctx, 0, -1)
				if err := errors.Join(err, l.Clear(ctx)); err != nil {
					t.Fatal(err)
				}
				for i := 1; i < n && command == "rpush"; i += 2 {
					if !slices.Contains(all, i) {
						t.Errorf("%d was pushed and is not there", i)
					}
				}
				if slices.Sort(all); len(slices.Compact(all)) < len(all) {
					t.Errorf("pushed twice: %v", all)
				}
			}
			t.Logf("%s: callers returned within %v of their contexts' end", command, best)
			if best > prompt {
				t.Errorf("%s: the slowest caller returned %v after its context's end, want %v", command, best, prompt)
			}
		}
	})
}

// canceledNeighbours runs one round and returns how long after its context's end the
// slowest caller returned.
func canceledNeighbours(t *testing.T, p *redistest.Proxy, command string, n int, call func(context.Context, int) error) (slowest time.Duration) {
	t.Helper()
	underWay := make(chan struct{})
	seen := sync.OnceFunc(func() { close(underWay) })
	p.Delay(-1, 300*time.Millisecond, func(args []string) bool {
		if args[0] != command || len(args) < many {
			return false
		}
		seen()
		return true
	})
	defer p.Reset()
	ending, cancel := context.WithCancel(ctx)
	defer cancel()
	var end atomic.Pointer[time.Time]
	var leaving sync.WaitGroup
	leaving.Go(func() {
		<-underWay
		now := time.Now()
		end.Store(&now)
		cancel()
	})
	returned := make([]time.Time, n)
	errs := p.Together(n, func(i int) error {
		defer func() { returned[i] = time.Now() }()
		switch i % 4 {
		case 1:
			return call(context.Background(), i)
		case 3:
			return call(t.Context(), i)
		default:
			return call(ending, i)
		}
	})
	seen() // if nothing was seen
	leaving.Wait()
	left, maybe := 0, 0
	for i, err := range errs {
		if err == nil {
			continue // not canceled, or the reply came before the cancellation
		}
		ran, not := errors.Is(err, desir.ErrMaybeRan), errors.Is(err, desir.ErrUnavailable)
		write := command == "rpush"
		if i%2 == 1 || !errors.Is(err, context.Canceled) || write && ran == not || !write && (ran || not) {
			t.Errorf("%s of caller %d: %v; those with even numbers were to leave", command, i, err)
		}
		if left++; ran {
			maybe++
		}
		slowest = max(slowest, returned[i].Sub(*end.Load()))
	}
	if left == 0 || command == "rpush" && maybe == 0 {
		t.Errorf("%s: %d callers left, %d of them during a batch in flight; this test proves nothing", command, left, maybe)
	}
	return slowest
}
