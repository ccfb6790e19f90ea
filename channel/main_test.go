package channel_test

import (
	"context"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/desir-go/desir/internal/redistest"
)

func TestMain(m *testing.M) {
	if addr := os.Getenv(childEnv); addr != "" {
		receiveAndPrint(addr)
	}
	_ = flag.Set("test.parallel", "8") // most of them wait; the command line has the last word
	os.Exit(redistest.Main(m))
}

var ctx = context.Background()

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, d)
	t.Cleanup(cancel)
	return ctx
}
