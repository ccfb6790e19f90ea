package integration

import (
	"os"
	"testing"

	"github.com/desir-go/desir/internal/redistest"
)

func TestMain(m *testing.M) {
	redistest.Parallel(8)
	redistest.Quiet()
	os.Exit(Main(m))
}
