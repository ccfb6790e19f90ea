package wait_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/desir-go/desir/internal/redistest"
)

func TestMain(m *testing.M) { os.Exit(redistest.Main(m)) }

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}
