package collections_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/internal/redistest"
)

// TestBatching counts the commands of concurrent calls, with and without merging.
func TestBatching(t *testing.T) {
	t.Parallel()
	const n = 200
	s := redistest.StartServer(t)
	p := redistest.NewProxy(t, s.Addr)
	rdb := s.Client(t, func(o *redis.Options) { o.Addr, o.PoolSize = p.Addr(), 10 })
	must := func(errs ...error) {
		t.Helper()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
	}
	for _, batched := range []bool{true, false} {
		var opts []collections.Option
		if !batched {
			opts = append(opts, collections.Unbatched())
		}
		at := fmt.Sprint("batched ", batched)
		m := collections.NewMap[int, int](rdb, at+" map", opts...)
		l := collections.NewList[int](rdb, at+" list", opts...)
		sets := p.CountFunc(redistest.Command("hset"))
		must(p.Together(n, func(i int) error { return m.Set(ctx, i, i*i) })...)
		gets := p.CountFunc(redistest.Command("hget", "hmget"))
		must(p.Together(n, func(i int) error {
			v, ok, err := m.Get(ctx, i)
			if v != i*i || !ok {
				t.Errorf("Get(%d) = %d, %t", i, v, ok)
			}
			return err
		})...)
		pushes := p.CountFunc(redistest.Command("rpush"))
		lengths := make([]int, n)
		must(p.Together(n, func(i int) (err error) {
			lengths[i], err = l.PushBack(ctx, i)
			return err
		})...)
		all, err := l.Slice(ctx, 0, -1)
		must(err)
		for i, length := range lengths {
			if all[length-1] != i {
				t.Errorf("the push of %d made the list %d long, but %d stands there", i, length, all[length-1])
			}
		}
		for what, sent := range map[string]int{"Set": sets(), "Get": gets(), "PushBack": pushes()} {
			if batched && sent > n/4 || !batched && sent != n {
				t.Errorf("%d calls of %s were %d commands; batching: %t", n, what, sent, batched)
			}
		}
	}
}

// hooked is a hook that records the commands of one client.
type hooked struct {
	mu       sync.Mutex
	values   []any // context values of pipelines and commands
	commands int
	words    int
}

type spanKey struct{}

func (h *hooked) saw(ctx context.Context, cmds ...redis.Cmder) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.values = append(h.values, ctx.Value(spanKey{}))
	for _, cmd := range cmds {
		h.commands++
		h.words += len(cmd.Args())
	}
}

func (h *hooked) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

func (h *hooked) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if cmd.Name() == "hset" {
			h.saw(ctx, cmd)
		}
		return next(ctx, cmd)
	}
}

func (h *hooked) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if cmds[0].Name() == "hset" {
			h.saw(ctx, cmds...)
		}
		return next(ctx, cmds)
	}
}

// TestHooksSeeBatches checks which commands, and which values of callers' contexts, a
// hook sees.
func TestHooksSeeBatches(t *testing.T) {
	t.Parallel()
	const n = 100
	s := redistest.StartServer(t)
	p := redistest.NewProxy(t, s.Addr)
	rdb := s.Client(t, func(o *redis.Options) { o.Addr = p.Addr() })
	h := &hooked{}
	rdb.AddHook(h)
	m := []*collections.Map[int, int]{collections.NewMap[int, int](rdb, "a"), collections.NewMap[int, int](rdb, "b")}
	ctx, cancel := context.WithCancel(context.WithValue(ctx, spanKey{}, "parent"))
	defer cancel()
	if err := errors.Join(p.Together(n, func(i int) error { return m[i%2].Set(ctx, i, i) })...); err != nil {
		t.Fatal(err)
	}
	for _, v := range h.values {
		if v != "parent" {
			t.Errorf("a hook saw a context with %v", v)
		}
	}
	if pairs := (h.words - 2*h.commands) / 2; pairs != n {
		t.Errorf("the hooks saw %d pairs in %d commands of %d batches, want %d pairs", pairs, h.commands, len(h.values), n)
	}
	t.Logf("%d calls: %d batches, %d commands", n, len(h.values), h.commands)
}
