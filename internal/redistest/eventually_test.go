package redistest

import (
	"strings"
	"testing"
	"time"
)

func TestEventually(t *testing.T) {
	calls := 0
	got := runFake(t, func(t testing.TB) {
		Eventually(t, time.Minute, func() bool { calls++; return calls == 3 }, "three")
	})
	if len(got.failures) != 0 || calls != 3 {
		t.Errorf("failures %q after %d calls; want none after 3", got.failures, calls)
	}
	got = runFake(t, func(t testing.TB) {
		Eventually(t, 5*time.Millisecond, func() bool { return false }, "the impossible")
	})
	if len(got.failures) != 1 || !strings.Contains(got.failures[0], "the impossible") {
		t.Errorf("failures %q; want one that names what", got.failures)
	}
}

func TestGoroutines(t *testing.T) {
	t.Parallel()
	stop := make(chan struct{})
	got := runFake(t, func(t testing.TB) {
		goroutines(t, 20*time.Millisecond)
		started := make(chan struct{})
		go func() { // its descendants count too
			go waitFor(started, stop)
		}()
		<-started
	})
	if len(got.failures) != 1 || !strings.Contains(got.failures[0], "redistest.waitFor") {
		t.Errorf("failures %q; want one with the stack", got.failures)
	}
	got = runFake(t, func(t testing.TB) {
		goroutines(t, 5*time.Second)
		go waitFor(make(chan struct{}), stop)
		time.AfterFunc(5*time.Millisecond, func() { close(stop) })
	})
	if len(got.failures) != 0 {
		t.Errorf("failures %q; want the goroutine waited for", got.failures)
	}
}

func waitFor(started chan<- struct{}, stop <-chan struct{}) {
	close(started)
	<-stop
}

func TestSeed(t *testing.T) {
	t.Setenv("DESIR_SEED", "42")
	if a, b := Seed(t).Uint64(), Seed(t).Uint64(); a != b {
		t.Errorf("two sources of one seed begin with %d and %d", a, b)
	}
	t.Setenv("DESIR_SEED", "")
	if a, b := Seed(t).Uint64(), Seed(t).Uint64(); a == b {
		t.Errorf("two sources without a seed both begin with %d", a)
	}
	t.Setenv("DESIR_SEED", "x")
	if got := runFake(t, func(t testing.TB) { Seed(t) }); len(got.failures) != 1 {
		t.Errorf("failures %q; want one", got.failures)
	}
}
