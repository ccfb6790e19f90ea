package redistest

import (
	"os"
	"testing"
)

// ProtocolVariable is the environment variable with the protocol version of clients, 2 or
// 3. The default is 3, which is also the default of go-redis.
const ProtocolVariable = "DESIR_PROTOCOL"

// Protocol returns the protocol version for clients whose options name none: the value of
// DESIR_PROTOCOL, or 3.
func Protocol(t testing.TB) int {
	t.Helper()
	switch v := os.Getenv(ProtocolVariable); v {
	case "", "3":
		return 3
	case "2":
		return 2
	default:
		t.Fatalf("%s is %q, want 2 or 3", ProtocolVariable, v)
		return 0
	}
}
