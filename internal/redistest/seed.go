package redistest

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

// Seed returns a random number generator for the test and logs its seed. To repeat a run,
// set the environment variable DESIR_SEED to the logged seed.
func Seed(t testing.TB) *rand.Rand {
	t.Helper()
	seed := rand.Uint64()
	if s := os.Getenv("DESIR_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatalf("DESIR_SEED: %v", err)
		}
	}
	t.Logf("DESIR_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, seed))
}
