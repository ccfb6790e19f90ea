package wait_test

import (
	"os"
	"testing"

	"github.com/desir-go/desir/internal/redistest"
)

func TestMain(m *testing.M) {
	redistest.Parallel(8)
	os.Exit(redistest.Main(m))
}

var within = redistest.Within
