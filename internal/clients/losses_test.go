package clients

import (
	"runtime"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/redistest"
)

// TestLosses counts losses of clients whose objects were collected, and of clients that
// were collected.
func TestLosses(t *testing.T) {
	open := func() *redis.Client { return redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"}) }
	lose := func(rdb redis.UniversalClient, n int64) {
		h, err := Of(rdb)
		if err != nil {
			t.Fatal(err)
		}
		h.AddLost(n)
	}
	rdb, none := open(), open()
	defer func() { _, _ = rdb.Close(), none.Close() }()
	counted := func() int {
		losses.Lock()
		defer losses.Unlock()
		return len(losses.rows)
	}
	before, others := rows(), counted()
	lose(rdb, 2)
	lose(rdb, 3)
	lose(wrapped{rdb}, 1)
	for range 100 {
		func() {
			short := open()
			lose(short, 7)
			_ = short.Close()
		}()
	}
	redistest.Eventually(t, 20*time.Second, func() bool {
		runtime.GC()
		return counted() <= others+2 && rows() <= before
	}, "unreachable states and clients are dropped")
	if n, w, zero := LostValues(rdb), LostValues(wrapped{rdb}), LostValues(none); n != 5 || w != 1 || zero != 0 || LostValues(nil) != 0 {
		t.Errorf("losses %d, %d and %d; want 5, 1, 0", n, w, zero)
	}
}
