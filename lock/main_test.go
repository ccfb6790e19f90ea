package lock_test

import (
	"os"
	"testing"

	"github.com/desir-go/desir/internal/redistest"
)

func TestMain(m *testing.M) {
	if addrs := os.Getenv(holderEnv); addrs != "" {
		holdAndRelease(addrs)
		return
	}
	os.Exit(redistest.Main(m))
}
