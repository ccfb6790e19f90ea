package redistest

import (
	"os"
	"testing"
)

// Long reports whether DESIR_LONG is 1: a test may take minutes.
func Long() bool { return os.Getenv("DESIR_LONG") == "1" }

// Slow skips a test that takes ten seconds or more, or loads the machine, unless
// DESIR_LONG is 1 or DESIR_REQUIRE contains "slow". So the tests of a user's machine take
// two minutes; CI runs all of them.
func Slow(t testing.TB) {
	t.Helper()
	if !Long() && !required(os.Getenv("DESIR_REQUIRE"), "slow") {
		t.Skip("slow: runs with DESIR_LONG=1 or DESIR_REQUIRE=slow")
	}
}
