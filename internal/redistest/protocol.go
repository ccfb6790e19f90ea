package redistest

import (
	"os"
	"testing"
)

// ProtocolVariable is the environment variable with the version of the protocol that
// clients speak, 2 or 3. The default is 3, as it is go-redis'.
const ProtocolVariable = "DESIR_PROTOCOL"

// Protocol returns the version of the protocol that clients speak whose options name
// none: 3, or the one that DESIR_PROTOCOL has.
func Protocol(t testing.TB) int {
	t.Helper()
	switch v := os.Getenv(ProtocolVariable); v {
	case "", "3":
		return 3
	case "2":
		return 2
	default:
		t.Fatalf("%s is %q; there are versions 2 and 3 of the protocol", ProtocolVariable, v)
		return 0
	}
}
