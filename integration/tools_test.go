package integration

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/counter"
)

func TestProxy(t *testing.T) {
	for name, create := range map[string]func(testing.TB, ...Option) *Env{"server": New, "cluster": Cluster, "sentinel": Sentinel} {
		t.Run(name, func(t *testing.T) {
			e := create(t)
			p := e.Proxy()
			c := counter.New(p.NewClient(), "n")
			direct := counter.New(e.Client(), "n")
			value := func(want int64) {
				t.Helper()
				if n, err := direct.Value(ctx); n != want || err != nil {
					t.Errorf("Value = %d, %v; want %d", n, err, want)
				}
			}
			p.DropReplies(1, "incrby")
			if _, err := c.Next(ctx); !errors.Is(err, desir.ErrMaybeRan) {
				t.Errorf("Next: %v; want ErrMaybeRan", err)
			}
			value(1)
			p.Cut(1, "incrby")
			if _, err := c.Next(ctx); !errors.Is(err, desir.ErrMaybeRan) {
				t.Errorf("Next: %v; want ErrMaybeRan", err)
			}
			value(1)
			p.Delay(1, 20*time.Millisecond, "incrby")
			if n, err := c.Next(ctx); n != 2 || err != nil {
				t.Errorf("Next = %d, %v; want 2", n, err)
			}
			if n := p.Count("incrby"); n != 2 {
				t.Errorf("%d INCRBY were sent on; want 2", n)
			}
			p.Cut(-1)
			p.Reset()
			p.CutAll()
			if n, err := c.Value(ctx); n != 2 || err != nil {
				t.Errorf("Value after Reset = %d, %v", n, err)
			}
		})
	}
}

func TestRecorder(t *testing.T) {
	e := New(t)
	r := Record(e.Client())
	if _, _, err := collections.NewMap[string, int](e.Client(), "m").Get(ctx, "k"); err != nil {
		t.Fatal(err)
	}
	if got := r.Commands(); !slices.Equal(got, []string{"hget"}) || r.Trips() != 1 {
		t.Errorf("Get is %q in %d round trips; want one HGET", got, r.Trips())
	}
	if r.Reset(); r.Trips() != 0 {
		t.Error("Reset forgets nothing")
	}
}

func TestNoLeaks(t *testing.T) {
	needServer(t, "redis", "this test")
	for name, create := range map[string]func(testing.TB, ...Option) *Env{"server": New, "cluster": Cluster} {
		for what, tt := range map[string]struct {
			do   func(t testing.TB, e *Env)
			want string
		}{
			"nothing": {func(testing.TB, *Env) {}, ""},
			"expires": {func(_ testing.TB, e *Env) { e.Client().Set(ctx, "k", "v", time.Minute) }, ""},
			"deleted": {func(t testing.TB, e *Env) {
				e.Client().Set(ctx, "k", "v", 0)
				t.Cleanup(func() { e.Client().Del(ctx, "k") })
			}, ""},
			"a key":      {func(_ testing.TB, e *Env) { e.Client().Set(ctx, "forgotten", "v", 0) }, `"forgotten"`},
			"subscribed": {func(_ testing.TB, e *Env) { subscribe(t, e) }, "news"},
		} {
			if name == "cluster" && what == "subscribed" {
				continue // a shared server is not checked for subscriptions
			}
			t.Run(name+"/"+what, func(t *testing.T) {
				x := runFake(t, func(t testing.TB) { tt.do(t, create(t, NoLeaks())) })
				output := strings.Join(x.output, "\n")
				if x.failed != (tt.want != "") || !strings.Contains(output, tt.want) {
					t.Errorf("failed %t, output %q; want %q", x.failed, output, tt.want)
				}
			})
		}
	}
}

// TestNoLeaksOfSentinels: subscriptions of sentinels at the master are not leaks.
func TestNoLeaksOfSentinels(t *testing.T) {
	t.Parallel()
	Sentinel(t, NoLeaks()).Client().Set(ctx, "k", "v", time.Minute)
}

// subscribe opens a subscription that ends with the outer test.
func subscribe(t *testing.T, e *Env) {
	c := e.dial()
	sub := c.Subscribe(ctx, "news")
	t.Cleanup(func() { _, _ = sub.Close(), c.Close() })
	if _, err := sub.Receive(ctx); err != nil {
		t.Error(err)
	}
}
