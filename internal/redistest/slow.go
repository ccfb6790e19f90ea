package redistest

import (
	"os"
	"testing"
)

// Slow skips a test that takes ten seconds or more, or loads the machine, unless
// DESIR_LONG is 1 or DESIR_REQUIRE contains "slow". So the tests of a user's machine take
// two minutes; CI runs all of them.
func Slow(t testing.TB) {
	t.Helper()
	if os.Getenv("DESIR_LONG") != "1" && !required(os.Getenv("DESIR_REQUIRE"), "slow") {
		t.Skip("slow: runs with DESIR_LONG=1 or DESIR_REQUIRE=slow")
	}
}
