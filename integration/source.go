package integration

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// find looks for a server in the order of the package comment.
func find(t testing.TB, s settings) *Env {
	t.Helper()
	url := os.Getenv("REDIS_URL")
	switch {
	case url != "" && !s.container && !s.alone:
		return claim(t, url)
	case onPath() != "" && !s.container:
		return own(t)
	default:
		return inContainer(t, s.alone)
	}
}

// missing skips the test, or fails it if DESIR_REQUIRE has one of the words.
func missing(t testing.TB, reason string, words ...string) {
	t.Helper()
	for _, w := range words {
		if required(w) {
			t.Fatalf("integration: %s, but DESIR_REQUIRE has %q", reason, w)
		}
	}
	t.Skip("integration: " + reason)
}

func required(word string) bool {
	return slices.ContainsFunc(strings.Split(os.Getenv("DESIR_REQUIRE"), ","), func(w string) bool {
		return strings.TrimSpace(w) == word
	})
}
