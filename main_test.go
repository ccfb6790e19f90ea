package desir_test

import (
	"context"
	"os"
	"testing"

	"github.com/desir-go/desir/internal/redistest"
)

func TestMain(m *testing.M) {
	redistest.Parallel(16)
	os.Exit(redistest.Main(m))
}

var ctx = context.Background()
