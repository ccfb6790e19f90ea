package collections_test

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/counter"
	"github.com/desir-go/desir/internal/redistest"
)

// eachLink runs the test with a client of a server and a client of a cluster. Their
// connections go through a proxy.
func eachLink(t *testing.T, test func(t *testing.T, p *redistest.Proxy, rdb redis.UniversalClient)) {
	t.Run("redis-server", func(t *testing.T) {
		t.Parallel()
		redistest.Goroutines(t)
		s, p := redistest.StartServer(t), redistest.NewProxy(t, "")
		test(t, p, s.Client(t, func(o *redis.Options) { o.Dialer = p.Dialer() }))
	})
	t.Run("cluster", func(t *testing.T) {
		t.Parallel()
		redistest.Goroutines(t)
		c, p := redistest.StartCluster(t, 0, redistest.Config("cluster-node-timeout", "15000")), redistest.NewProxy(t, "")
		test(t, p, c.Client(t, func(o *redis.ClusterOptions) { o.Dialer = p.Dialer() }))
	})
}

// many is the least number of arguments of a command that was merged from several calls.
const many = 12

// TestMergedLoss loses the reply of a merged command. Exactly the calls of that command
// must return ErrMaybeRan, and each call must be executed once.
func TestMergedLoss(t *testing.T) {
	t.Parallel()
	eachLink(t, func(t *testing.T, p *redistest.Proxy, rdb redis.UniversalClient) {
		const n = 100
		l := collections.NewList[int](rdb, "list")
		m := collections.NewMap[int, int](rdb, "map")
		c := counter.New(rdb, "number")
		for _, tt := range []struct {
			command string
			call    func(i int) error
			done    func() (int, error) // how many calls were executed
		}{
			{"rpush", func(i int) error { return second(l.PushBack(ctx, i)) }, func() (int, error) {
				all, err := l.Slice(ctx, 0, -1)
				slices.Sort(all)
				return len(slices.Compact(all)), errors.Join(err, l.Clear(ctx))
			}},
			{"hset", func(i int) error { return m.Set(ctx, i, -i-1) }, func() (int, error) {
				n, err := m.Len(ctx)
				return n, errors.Join(err, m.Clear(ctx))
			}},
			{"incrby", func(int) error { return second(c.Add(ctx, 1)) }, func() (int, error) {
				n, err := c.Swap(ctx, 0)
				return int(n), err
			}},
		} {
			if _, err := tt.done(); err != nil { // makes the client load its nodes
				t.Fatal(err)
			}
			for range 3 {
				var lost atomic.Pointer[[]string] // the command whose reply was lost
				p.CutReply(1, func(args []string) bool {
					if args[0] != tt.command || len(args) < many && (tt.command != "incrby" || args[2] == "1") {
						return false
					}
					lost.Store(&args)
					return true
				})
				maybe := map[string]bool{}
				for i, err := range p.Together(n, tt.call) {
					if errors.Is(err, desir.ErrMaybeRan) {
						maybe[strconv.Itoa(i)] = true
					} else if err != nil {
						t.Errorf("%s: %v", tt.command, err)
					}
				}
				if lost.Load() == nil {
					t.Fatalf("no %s was merged from many calls; this test proves nothing", tt.command)
				}
				words := (*lost.Load())[2:]
				want := len(words)
				switch tt.command {
				case "hset":
					want /= 2
				case "incrby":
					want, _ = strconv.Atoi(words[0])
				}
				for i := range n {
					who := strconv.Itoa(i)
					if tt.command != "incrby" && maybe[who] != slices.Contains(words, who) {
						t.Errorf("%s of %d: ErrMaybeRan: %t", tt.command, i, maybe[who])
					}
				}
				if len(maybe) != want {
					t.Errorf("%s: %d calls returned ErrMaybeRan, want %d", tt.command, len(maybe), want)
				}
				if done, err := tt.done(); done != n || err != nil {
					t.Errorf("%s: %d calls were executed, %v; want %d", tt.command, done, err, n)
				}
			}
		}
		p.CutReply(1, redistest.All(redistest.Command("hmget"), func(args []string) bool { return len(args) >= many }))
		if err := errors.Join(p.Together(n, func(i int) error { return third(m.Get(ctx, i)) })...); err != nil {
			t.Errorf("reads that may be sent again: %v", err)
		}
	})
}

func second[A any](_ A, err error) error { return err }

func third[A, B any](_ A, _ B, err error) error { return err }

// TestWrongTypeAmongMany makes many concurrent calls on 1000 keys of the right type and
// on one of the wrong type. Only the calls on the latter may fail.
func TestWrongTypeAmongMany(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		const n, good = 1500, 1000
		bad := r.Key("bad")
		if err := r.Raw().Set(ctx, bad, "text", 0).Err(); err != nil {
			t.Fatal(err)
		}
		var group sync.WaitGroup
		for i := range n {
			name, want := r.Key(fmt.Sprint(i%good)), error(nil)
			if i%10 == 0 {
				name, want = bad, desir.ErrWrongType
			}
			check := func(what string, got, stored any, err error) {
				if !errors.Is(err, want) || want == nil && got != stored {
					t.Errorf("%s in %s = %v, %v; want %v, %v", what, name, got, err, stored, want)
				}
			}
			group.Go(func() {
				switch ctx := t.Context(); i % good % 4 {
				case 0, 1:
					m := collections.NewMap[int, int](r.Client, name)
					check("Set", nil, nil, m.Set(ctx, i, i))
					v, _, err := m.Get(ctx, i)
					check("Get", v, i, err)
				case 2:
					s := collections.NewSet[int](r.Client, name)
					check("Add", nil, nil, second(s.Add(ctx, i)))
					has, err := s.Has(ctx, i)
					check("Has", has, true, err)
				default:
					l := collections.NewList[int](r.Client, name)
					check("PushBack", nil, nil, second(l.PushBack(ctx, i)))
					n, err := l.Len(ctx)
					check("Len", n > 0, true, err)
				}
			})
		}
		group.Wait()
	})
}
