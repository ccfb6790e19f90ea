package redistest

import (
	"testing"
	"time"
)

// Eventually waits until cond returns true. If that takes longer than within, it ends the
// test with a message that contains what. It calls cond in the caller's goroutine, at
// intervals that grow from 1 to 50 ms, and a last time when within has elapsed.
func Eventually(t testing.TB, within time.Duration, cond func() bool, what string) {
	t.Helper()
	if !poll(within, cond) {
		t.Fatalf("timed out after %v: %s", within, what)
	}
}

// poll calls cond until it returns true or within has elapsed. Tests use it instead of
// time.Sleep.
func poll(within time.Duration, cond func() bool) bool {
	deadline := time.Now().Add(within)
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		if cond() {
			return true
		}
		left := time.Until(deadline)
		if left <= 0 {
			return false
		}
		time.Sleep(min(pause, left))
	}
}
