package collections

import (
	"context"
	"errors"
	"net"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/redistest"
)

// pageHook is a hook that counts the requests for pages, and can delay them or make them
// fail.
type pageHook struct {
	pages atomic.Int64
	each  func(page int64) error
}

func (*pageHook) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

func (*pageHook) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

func (h *pageHook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if cmds[0].Name() == "hscan" {
			if err := h.each(h.pages.Add(1)); err != nil {
				return err
			}
		}
		return next(ctx, cmds)
	}
}

// burn keeps a loop's body busy long enough to count as slow.
func burn() {
	for until := time.Now().Add(2 * slowBody); time.Now().Before(until); {
	}
}

// TestEarly iterates with a slow loop body. The next page must be prefetched, all
// elements must be yielded, a break must leave nothing behind, and an error of a
// prefetch must come after the elements before it.
func TestEarly(t *testing.T) {
	h := &pageHook{each: func(int64) error { return nil }}
	rdb := redis.NewClient(&redis.Options{Addr: redistest.StartServer(t).Addr})
	t.Cleanup(func() { _ = rdb.Close() })
	rdb.AddHook(h)
	m := NewMap[string, int](rdb, "early")
	entries := map[string]int{}
	for i := range 8000 {
		entries[strconv.Itoa(i)] = i
	}
	if err := m.SetMany(t.Context(), entries); err != nil {
		t.Fatal(err)
	}

	t.Run("the next page is prefetched", func(t *testing.T) {
		before := h.pages.Load()
		seen, ahead := map[string]bool{}, false
		for e, err := range m.All(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if seen[e.Key] = true; len(seen)%500 == 0 {
				burn()
			}
			if len(seen) == 4000 { // inside a page of 1000 that follows another such page
				asked := h.pages.Load()
				redistest.Eventually(t, 5*time.Second, func() bool { return h.pages.Load() > asked || asked-before > 7 }, "the next page is asked for")
				ahead = true
			}
		}
		if len(seen) != len(entries) || !ahead {
			t.Errorf("%d elements of %d were seen", len(seen), len(entries))
		}
	})

	t.Run("break", func(t *testing.T) {
		redistest.Goroutines(t)
		for range 20 {
			n := 0
			for range m.All(t.Context()) {
				if n++; n%500 == 0 {
					burn()
				}
				if n == 4500 {
					break
				}
			}
		}
		if s := rdb.PoolStats(); s.TotalConns > s.IdleConns {
			t.Errorf("%d connections of %d are in use", s.TotalConns-s.IdleConns, s.TotalConns)
		}
	})

	t.Run("an error", func(t *testing.T) {
		broken := errors.New("refused")
		first := h.pages.Load()
		h.each = func(page int64) error {
			if page > first+6 {
				return broken
			}
			return nil
		}
		n := 0
		var last error
		for _, err := range m.All(t.Context()) {
			if last = err; err != nil {
				break
			}
			if n++; n%500 == 0 {
				burn()
			}
		}
		if !errors.Is(last, broken) || n < 2000 {
			t.Errorf("after %d elements %v; want the error behind those of the pages before", n, last)
		}
	})

	t.Run("a panic", func(t *testing.T) {
		first := h.pages.Load()
		h.each = func(page int64) error {
			if page > first+6 {
				panic("hook")
			}
			return nil
		}
		defer func() {
			if p := recover(); p != "hook" {
				t.Errorf("recovered %v, want the hook's panic", p)
			}
		}()
		n := 0
		for range m.All(t.Context()) {
			if n++; n%500 == 0 {
				burn()
			}
		}
	})
}
