package collections_test

import (
	"errors"
	"testing"
	"time"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/embedded"
	"github.com/desir-go/desir/internal/redistest"
)

// TestConflict makes another writer change the value between every read and write of an
// Update. Update must give up and write nothing.
func TestConflict(t *testing.T) {
	t.Parallel()
	redistest.Slow(t)
	s, err := embedded.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	m := collections.NewMap[string, int](s.Client(), "stock")
	calls := 0
	start := time.Now()
	v, err := m.Update(ctx, "pear", func(int, bool) (int, bool, error) {
		calls++
		return -1, true, m.Set(ctx, "pear", calls)
	})
	if !errors.Is(err, desir.ErrConflict) || v != 0 {
		t.Errorf("Update = %d, %v after %d calls; want ErrConflict", v, err, calls)
	}
	if got, _, err := m.Get(ctx, "pear"); got != calls || err != nil {
		t.Errorf("Get = %d, %v; want what the other writer left, %d", got, err, calls)
	}
	t.Logf("%d calls in %v", calls, time.Since(start))
}
