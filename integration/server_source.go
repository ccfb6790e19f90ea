package integration

import (
	"os"
	"testing"

	"github.com/desir-go/desir/internal/redistest"
)

// newServer looks for a server in the order of the package comment.
func newServer(t testing.TB, s settings) *Env {
	t.Helper()
	url := os.Getenv("REDIS_URL")
	switch {
	case url != "" && !s.container && !s.alone && s.program.Path == "":
		return claimDatabase(t, url)
	case s.binary() != "" && !s.container:
		return newProcess(t, s)
	default:
		return newInContainer(t, s.alone)
	}
}

// skipMissing skips the test. If DESIR_REQUIRE contains one of the words, it fails the
// test.
func skipMissing(t testing.TB, reason string, words ...string) {
	t.Helper()
	redistest.Missing(t, "integration: "+reason, words...)
}
