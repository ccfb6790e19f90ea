package collections_test

import (
	"context"
	"errors"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/internal/redistest"
)

// TestInsertIsCut loses the reply of a command during an Insert. The count must be the
// number of acknowledged pairs, and the error must say that more may be stored.
func TestInsertIsCut(t *testing.T) {
	t.Parallel()
	redistest.Goroutines(t)
	s := redistest.StartServer(t)
	p := redistest.NewProxy(t, s.Addr)
	m := collections.NewMap[int, int](s.Client(t, func(o *redis.Options) { o.Addr = p.Addr() }), "map")
	taken := 0
	n, err := m.Insert(ctx, func(yield func(int, int) bool) {
		for i := 0; ; i++ { // an endless sequence
			if i == 5000 {
				p.CutReply(-1, redistest.Command("hset"))
			}
			taken++
			if !yield(i, i) {
				return
			}
		}
	})
	stored, lenErr := m.Len(ctx)
	if !errors.Is(err, desir.ErrMaybeRan) || lenErr != nil || stored <= n || stored > n+2*250 {
		t.Errorf("Insert = %d, %v; %d are stored, %v", n, err, stored, lenErr)
	}
	if taken > 5000+4*250 {
		t.Errorf("it took %d pairs although it failed after 5000", taken)
	}
}

// TestInsertIsCanceled ends the context while commands are in flight. The error must
// report that commands may have been executed, besides the context's end.
func TestInsertIsCanceled(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t)
	p := redistest.NewProxy(t, s.Addr)
	rdb := s.Client(t, func(o *redis.Options) { o.Addr = p.Addr() })
	for range 10 {
		m := collections.NewMap[int, int](rdb, "map")
		ctx, cancel := context.WithCancel(ctx)
		sent := p.CountFunc(redistest.Command("hset"))
		p.Swallow(2, redistest.Command("hset"))
		n, err := m.Insert(ctx, func(yield func(int, int) bool) {
			for i := 0; yield(i, i); i++ {
				if i == 2*250 { // both writers have a command in flight
					for sent() < 2 {
					}
					cancel()
				}
			}
		})
		if n != 0 || !errors.Is(err, desir.ErrMaybeRan) || !errors.Is(err, context.Canceled) {
			t.Fatalf("Insert = %d, %v; want ErrMaybeRan and context.Canceled", n, err)
		}
		p.Reset()
		p.CutAll()
		cancel()
	}
}

// TestInsertPanics checks that a panic of the sequence reaches the caller and that no
// goroutine is left.
func TestInsertPanics(t *testing.T) {
	t.Parallel()
	redistest.Goroutines(t)
	m := collections.NewMap[int, int](redistest.StartServer(t).Client(t), "map")
	defer func() {
		if r := recover(); r != "sequence" {
			t.Errorf("recovered %v, want the sequence's panic", r)
		}
	}()
	_, _ = m.Insert(ctx, func(yield func(int, int) bool) {
		for i := range 1000 {
			yield(i, i)
		}
		panic("sequence")
	})
}

// TestInsertHookPanics checks that a panic of a hook reaches the caller's goroutine,
// even if the sequence is endless.
func TestInsertHookPanics(t *testing.T) {
	t.Parallel()
	redistest.Goroutines(t)
	rdb := redistest.StartServer(t).Client(t)
	rdb.AddHook(panicHook{})
	m := collections.NewMap[int, int](rdb, "map")
	cancelable, cancel := context.WithCancel(ctx)
	defer cancel()
	for _, ctx := range []context.Context{ctx, cancelable} {
		func() {
			defer func() {
				if r := recover(); r != "hook" {
					t.Errorf("recovered %v, want the hook's panic", r)
				}
			}()
			_, _ = m.Insert(ctx, func(yield func(int, int) bool) {
				for i := 0; yield(i, i); i++ {
				}
			})
		}()
	}
}

// panicHook is a hook that panics at an HSET, single or in a pipeline.
type panicHook struct{}

func (panicHook) DialHook(next redis.DialHook) redis.DialHook { return next }

func (panicHook) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if cmd.Name() == "hset" {
			panic("hook")
		}
		return next(ctx, cmd)
	}
}

func (panicHook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if cmds[0].Name() == "hset" {
			panic("hook")
		}
		return next(ctx, cmds)
	}
}

// TestInsertWrongType checks that Insert stops at the first refusal.
func TestInsertWrongType(t *testing.T) {
	t.Parallel()
	rdb := redistest.StartServer(t).Client(t)
	if err := rdb.Set(ctx, "map", "text", 0).Err(); err != nil {
		t.Fatal(err)
	}
	m := collections.NewMap[int, int](rdb, "map")
	n, err := m.Insert(ctx, numbers(1_000_000))
	if n != 0 || !errors.Is(err, desir.ErrWrongType) || errors.Is(err, context.Canceled) {
		t.Errorf("Insert = %d, %v; want ErrWrongType", n, err)
	}
}
