package script_test

import (
	"context"
	"errors"
	"os"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/internal/script"
	"github.com/desir-go/desir/internal/send"
)

func TestMain(m *testing.M) { os.Exit(redistest.Main(m)) }

var ctx = context.Background()

const bumpSource = `-- bump: add to a counter.
-- KEYS[1] counter    ARGV[1] delta
return redis.call('INCRBY', KEYS[1], ARGV[1])
`

func hubOf(t *testing.T, rdb redis.UniversalClient) *clients.Shared {
	t.Helper()
	h, err := clients.Of(rdb)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// TestRun runs a script on a server that does not know it, that knows it, and that has
// forgotten it.
func TestRun(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		h, bump, key := hubOf(t, r.Client), script.FromSource(bumpSource), r.Key("n")
		for want := int64(1); want <= 3; want++ {
			if want == 3 {
				if err := r.Master(t, key).ScriptFlush(ctx).Err(); err != nil {
					t.Fatal(err)
				}
			}
			got, err := bump.Run(ctx, h, []string{key}, 1)
			if got != want || err != nil {
				t.Errorf("Run = %v, %v; want %d", got, err, want)
			}
		}
	})
}

// TestNil: a nil reply of a script is not an error.
func TestNil(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		look := script.FromSource("-- look\n-- flags: no-writes\nreturn redis.call('GET', KEYS[1])\n")
		got, err := look.Run(ctx, hubOf(t, r.Client), []string{r.Key("none")})
		if got != nil || err != nil {
			t.Errorf("Run = %v, %v; want nil, nil", got, err)
		}
	})
}

// TestFlags fills the memory of a server. Only scripts that free memory may run, and a
// refused script has no effect.
func TestFlags(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t)
	h := hubOf(t, s.Client(t))
	if err := h.Redis.RPush(ctx, "l", "a", "b").Err(); err != nil {
		t.Fatal(err)
	}
	if err := h.Redis.ConfigSet(ctx, "maxmemory", "1").Err(); err != nil {
		t.Fatal(err)
	}
	plain := script.FromSource("redis.call('LPOP', KEYS[1])\nreturn redis.call('SET', KEYS[2], 'v')\n")
	if _, err := plain.Run(ctx, h, []string{"l", "k"}); !errors.Is(err, send.ErrOutOfMemory) {
		t.Errorf("a script without flags: %v; want ErrOutOfMemory", err)
	}
	if n := h.Redis.LLen(ctx, "l").Val(); n != 2 {
		t.Errorf("the refused script left %d elements, want 2", n)
	}
	pop := script.FromSource("-- pop\n-- flags: allow-oom\nreturn redis.call('LPOP', KEYS[1])\n")
	if got, err := pop.Run(ctx, h, []string{"l"}); got != "a" || err != nil {
		t.Errorf("a script that frees memory: %v, %v; want a", got, err)
	}
	if n, err := script.Unlink(ctx, h, "l", "none"); n != 1 || err != nil {
		t.Errorf("Unlink = %d, %v; want 1", n, err)
	}
}

// TestCrossSlot: a cluster refuses a script that uses an undeclared key of another slot.
func TestCrossSlot(t *testing.T) {
	t.Parallel()
	c := redistest.StartCluster(t, 0)
	h := hubOf(t, c.Client(t))
	sneak := script.FromSource("return redis.call('SET', 'b', '1')\n")
	_, err := sneak.Run(ctx, h, []string{"a"})
	if !errors.Is(err, send.ErrCrossSlot) {
		t.Errorf("a key that was not declared: %v; want ErrCrossSlot", err)
	}
}

// TestBadScript: a script that does not compile returns an error and is not retried.
func TestBadScript(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		if _, err := script.FromSource("this is no Lua").Run(ctx, hubOf(t, r.Client), []string{r.Key("k")}); err == nil {
			t.Error("no error")
		}
	})
}

// failures is a Limiter that counts reported failures.
type failures struct {
	mu  sync.Mutex
	all []error
}

func (*failures) Allow() error { return nil }

func (f *failures) ReportResult(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil {
		f.all = append(f.all, err)
	}
}

// TestLimiterHearsNoFailure runs scripts that the server does not know. The Limiter must
// not count that as a failure, since a circuit breaker would open.
func TestLimiterHearsNoFailure(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t)
	var heard failures
	rdb := s.Client(t, func(o *redis.Options) { o.Limiter = &heard })
	h, err := clients.Of(rdb)
	if err != nil {
		t.Fatal(err)
	}
	lua := script.FromSource("return redis.call('INCR', KEYS[1])")
	for range 2 {
		if _, err := lua.Run(t.Context(), h, []string{"n"}); err != nil {
			t.Fatal(err)
		}
		cmd := lua.Command(t.Context(), h, []string{"n"})
		if err := h.Sender.WriteOn(t.Context(), rdb, redis.NewStatusCmd(t.Context(), "ping"), cmd); err != nil {
			t.Fatal(err)
		}
		if err := rdb.ScriptFlush(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if n := rdb.Get(t.Context(), "n").Val(); n != "4" || len(heard.all) > 0 {
		t.Errorf("n = %s, want 4; the limiter has heard %v", n, heard.all)
	}
}
