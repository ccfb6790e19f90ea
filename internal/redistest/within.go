package redistest

import (
	"context"
	"testing"
	"time"
)

// Within returns a context that ends after d or when the test ends.
func Within(t testing.TB, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}
