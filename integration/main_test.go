package integration

import (
	"flag"
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	_ = flag.Set("test.parallel", "8") // most of them wait; the command line has the last word
	os.Exit(Main(m))
}
