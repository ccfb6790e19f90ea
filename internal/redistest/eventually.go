package redistest

import (
	"testing"
	"time"
)

// Eventually waits until cond is true and fails the test, naming what, if that
// takes longer than within. Cond runs on the caller's goroutine, at growing
// distances of 1 to 50 ms, and a last time when the time is up.
func Eventually(t testing.TB, within time.Duration, cond func() bool, what string) {
	t.Helper()
	if !poll(within, cond) {
		t.Fatalf("not within %v: %s", within, what)
	}
}

// poll is the only place of this module's tests that waits by the clock.
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
