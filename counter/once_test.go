package counter_test

import (
	"errors"
	"testing"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/counter"
	"github.com/desir-go/desir/internal/redistest"
)

// TestTooManyTokens calls AddOnce when the hashes of tokens are full.
func TestTooManyTokens(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t)
	rdb := s.Client(t)
	c := counter.New(rdb, "n")
	if v, applied, err := c.AddOnce(ctx, "first", 1); v != 1 || !applied || err != nil {
		t.Fatal(v, applied, err)
	}
	for _, key := range []string{"{n}:once:0", "{n}:once:1"} {
		const fill = `local n = redis.call('HLEN', KEYS[1])
			for i = n + 1, math.min(n + 50000, ARGV[1]) do redis.call('HSET', KEYS[1], i, 1) end
			return redis.call('HLEN', KEYS[1])`
		for n := 0; n < 1<<20; {
			var err error
			if n, err = rdb.Eval(ctx, fill, []string{key}, 1<<20).Int(); err != nil {
				t.Fatal(err)
			}
		}
	}
	v, applied, err := c.AddOnce(ctx, "one too many", 1)
	if v != 0 || applied || !errors.Is(err, desir.ErrFull) {
		t.Errorf("AddOnce = %d, %t, %v; want ErrFull", v, applied, err)
	}
	if v, err := c.Value(ctx); v != 1 || err != nil {
		t.Errorf("Value = %d, %v; want 1", v, err)
	}
	if v, applied, err := c.AddOnce(ctx, "first", 1); v != 1 || applied || err != nil {
		t.Errorf("AddOnce of a known token = %d, %t, %v", v, applied, err)
	}
}
