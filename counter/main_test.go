package counter_test

import (
	"context"
	"flag"
	"os"
	"testing"

	"github.com/desir-go/desir/internal/redistest"
)

func TestMain(m *testing.M) {
	_ = flag.Set("test.parallel", "8") // most of them wait; the command line has the last word
	os.Exit(redistest.Main(m))
}

var ctx = context.Background()
