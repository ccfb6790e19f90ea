package integration

import (
	"os"
	"testing"

	"github.com/desir-go/desir/internal/redistest"
)

// find looks for a server in the order of the package comment.
func find(t testing.TB, s settings) *Env {
	t.Helper()
	url := os.Getenv("REDIS_URL")
	switch {
	case url != "" && !s.container && !s.alone && s.program.Path == "":
		return claim(t, url)
	case s.binary() != "" && !s.container:
		return own(t, s)
	default:
		return inContainer(t, s.alone)
	}
}

// missing skips the test. If DESIR_REQUIRE contains one of the words, it fails the test.
func missing(t testing.TB, reason string, words ...string) {
	t.Helper()
	redistest.Missing(t, "integration: "+reason, words...)
}
