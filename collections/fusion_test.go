package collections_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/internal/redistest"
)

// TestFusion counts the commands of calls that leave together, with and without
// fusion.
func TestFusion(t *testing.T) {
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
	for _, fused := range []bool{true, false} {
		var opts []collections.Option
		if !fused {
			opts = append(opts, collections.WithoutFusion())
		}
		at := fmt.Sprint("fused ", fused)
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
			if fused && sent > n/4 || !fused && sent != n {
				t.Errorf("%d calls of %s were %d commands; fusion: %t", n, what, sent, fused)
			}
		}
	}
}

// TestFusedLoss loses the reply of whatever leaves next: all whose calls were in
// it learn that they may have been executed, and each was once.
func TestFusedLoss(t *testing.T) {
	t.Parallel()
	const n = 100
	s := redistest.StartServer(t)
	p := redistest.NewProxy(t, s.Addr)
	rdb := s.Client(t, func(o *redis.Options) { o.Addr, o.ReadTimeout = p.Addr(), time.Second })
	l := collections.NewList[int](rdb, "list")
	m := collections.NewMap[int, int](rdb, "map")
	for range 5 {
		if err := l.Clear(ctx); err != nil {
			t.Fatal(err)
		}
		joint := func(args []string) bool { return len(args) > 10 }
		p.CutReply(1, redistest.All(redistest.Command("rpush"), joint))
		maybe := 0
		for _, err := range p.Together(n, func(i int) error {
			_, err := l.PushBack(ctx, i)
			return err
		}) {
			if errors.Is(err, desir.ErrMaybeRan) {
				maybe++
			} else if err != nil {
				t.Error(err)
			}
		}
		all, err := l.Slice(ctx, 0, -1)
		slices.Sort(all)
		if err != nil || len(all) != n || len(slices.Compact(all)) != n {
			t.Errorf("%d elements, %v; want each of %d once", len(all), err, n)
		}
		if maybe < 2 {
			t.Errorf("%d calls learnt of the loss, want all of the batch", maybe)
		}
		p.CutReply(1, redistest.All(redistest.Command("hmget"), joint))
		for _, err := range p.Together(n, func(i int) error {
			_, _, err := m.Get(ctx, i)
			return err
		}) {
			if err != nil {
				t.Errorf("a read that may be sent again: %v", err)
			}
		}
	}
}

// TestWrongTypeAmongMany asks a thousand good keys and a bad one.
func TestWrongTypeAmongMany(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		const n = 1000
		bad := r.Key("bad")
		if err := r.Raw().Set(ctx, bad, "text", 0).Err(); err != nil {
			t.Fatal(err)
		}
		var group sync.WaitGroup
		for i := range n {
			name, want := r.Key(fmt.Sprint("m", i%50)), error(nil)
			if i%100 == 0 {
				name, want = bad, desir.ErrWrongType
			}
			m := collections.NewMap[int, int](r.Client, name)
			group.Go(func() {
				if err := m.Set(t.Context(), i, i); !errors.Is(err, want) {
					t.Errorf("Set in %s: %v, want %v", name, err, want)
				}
				if v, ok, err := m.Get(t.Context(), i); !errors.Is(err, want) || want == nil && (v != i || !ok) {
					t.Errorf("Get in %s = %d, %t, %v; want %d, %v", name, v, ok, err, i, want)
				}
			})
		}
		group.Wait()
	})
}

// TestFrozenNode stops one node of a cluster: calls to the others go on, long
// before those to the frozen one could have timed out.
func TestFrozenNode(t *testing.T) {
	t.Parallel()
	redistest.Goroutines(t)
	c := redistest.StartCluster(t, 0, redistest.Config("cluster-node-timeout", "15000"))
	rdb := c.Client(t, func(o *redis.ClusterOptions) { o.ReadTimeout = 20 * time.Second })
	maps := map[*redistest.Server][]*collections.Map[int, int]{}
	for i := range 30 {
		m := collections.NewMap[int, int](rdb, fmt.Sprint("m", i))
		if err := m.Set(ctx, 1, 1); err != nil {
			t.Fatal(err)
		}
		node := c.MasterFor(m.Key())
		maps[node] = append(maps[node], m)
	}
	frozen := c.Nodes[0]
	// load lets 30 goroutines ask every node, until those of the nodes that run
	// have had their answers, and returns how long these took.
	load := func() (took []time.Duration) {
		all, stop := context.WithCancel(ctx)
		defer stop()
		var mu sync.Mutex
		var asking, crowd sync.WaitGroup
		for node, some := range maps {
			for i := range 30 {
				m := some[i%len(some)]
				if node == frozen {
					crowd.Go(func() {
						for all.Err() == nil {
							own, cancel := context.WithTimeout(all, 20*time.Millisecond)
							_, _, _ = m.Get(own, 1)
							_ = m.Set(own, 1, 1)
							cancel()
						}
					})
					continue
				}
				asking.Go(func() {
					for n := range 30 {
						start := time.Now()
						err := m.Set(all, 1, n)
						if _, _, err2 := m.Get(all, 1); err != nil || err2 != nil {
							t.Errorf("%v, %v", err, err2)
						}
						mu.Lock()
						took = append(took, time.Since(start))
						mu.Unlock()
					}
				})
			}
		}
		asking.Wait()
		stop()
		crowd.Wait()
		slices.Sort(took)
		return took
	}
	before := load()
	frozen.Freeze()
	during := load()
	frozen.Thaw()
	p99 := func(all []time.Duration) time.Duration { return all[len(all)*99/100] }
	t.Logf("p99 of a Set and a Get: %v before, %v with a frozen node", p99(before), p99(during))
	if slowest := during[len(during)-1]; slowest > 5*time.Second { // some 20 ms on an idle machine
		t.Errorf("the slowest call to the other nodes took %v", slowest)
	}
}

// hooked tells what a hook sees of the commands of one client.
type hooked struct {
	mu       sync.Mutex
	values   []any // of the contexts of pipelines and commands
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

// TestHooksSeeBatches has a hook that wants the values of a caller's context.
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
