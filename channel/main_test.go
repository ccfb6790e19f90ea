package channel_test

import (
	"context"
	"os"
	"testing"

	"github.com/desir-go/desir/internal/redistest"
)

func TestMain(m *testing.M) {
	if addr := os.Getenv(childEnv); addr != "" {
		receiveAndPrint(addr)
	}
	if method := os.Getenv(consumeEnv); method != "" {
		consumeUntilTerminated(method)
	}
	redistest.Parallel(16)
	os.Exit(redistest.Main(m))
}

var ctx = context.Background()

var within = redistest.Within
