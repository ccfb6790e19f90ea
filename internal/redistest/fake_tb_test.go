package redistest

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"
)

func TestMain(m *testing.M) {
	Parallel(8)
	os.Exit(Main(m))
}

// fakeTB is a testing.TB that records failures and skips.
type fakeTB struct {
	testing.TB
	mu       sync.Mutex
	failures []string
	skips    []string
	cleanups []func()
}

// runFake runs f and then its cleanups with a fakeTB, and returns the fakeTB.
func runFake(t *testing.T, f func(t testing.TB)) *fakeTB {
	t.Helper()
	fake := &fakeTB{TB: t}
	var wg sync.WaitGroup
	wg.Go(func() { f(fake) })
	wg.Wait()
	wg.Go(func() {
		for _, c := range slices.Backward(fake.cleanups) {
			c()
		}
	})
	wg.Wait()
	return fake
}

func (f *fakeTB) Helper()          {}
func (f *fakeTB) Cleanup(c func()) { f.cleanups = append(f.cleanups, c) }

func (f *fakeTB) Errorf(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failures = append(f.failures, fmt.Sprintf(format, args...))
}

func (f *fakeTB) Error(args ...any) { f.Errorf("%s", fmt.Sprint(args...)) }

func (f *fakeTB) Fatalf(format string, args ...any) {
	f.Errorf(format, args...)
	runtime.Goexit()
}

func (f *fakeTB) Fatal(args ...any) { f.Fatalf("%s", fmt.Sprint(args...)) }

func (f *fakeTB) Skip(args ...any) {
	f.skips = append(f.skips, fmt.Sprint(args...))
	runtime.Goexit()
}
