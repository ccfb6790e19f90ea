package channel_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/desir-go/desir/internal/redistest"
)

func TestMain(m *testing.M) {
	if addr := os.Getenv(childEnv); addr != "" {
		receiveAndPrint(addr)
	}
	redistest.Parallel(8)
	os.Exit(redistest.Main(m))
}

var ctx = context.Background()

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, d)
	t.Cleanup(cancel)
	return ctx
}
