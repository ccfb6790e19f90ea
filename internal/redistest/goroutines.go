package redistest

import (
	"bytes"
	"context"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

var leakSeq atomic.Uint64

// Goroutines fails the test if, 20 seconds after its end, a goroutine still runs code of
// this module, of go-redis or of the embedded server. It prints the stacks. Call it first
// in a test, so that its check runs last.
//
// Only goroutines that descend from the goroutine of the test count, so parallel tests do
// not affect each other. Goroutines that a timer started (time.AfterFunc) do not count.
// If a subtest calls Goroutines too, its goroutines count only for the subtest.
func Goroutines(t testing.TB) {
	t.Helper()
	goroutines(t, 20*time.Second)
}

func goroutines(t testing.TB, within time.Duration) {
	t.Helper()
	label := strconv.FormatUint(leakSeq.Add(1), 10)
	pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(), pprof.Labels(leakLabel, label)))
	t.Cleanup(func() {
		var left []string
		if !poll(within, func() bool { left = descendants(label); return len(left) == 0 }) {
			t.Errorf("%d groups of goroutines are still running:\n\n%s", len(left), strings.Join(left, "\n\n"))
		}
	})
}

const leakLabel = "redistest"

// descendants returns the stacks of the goroutines with the label, grouped as in the
// profile.
func descendants(label string) []string {
	var b bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&b, 1); err != nil {
		return []string{err.Error()}
	}
	var left []string
	for stack := range strings.SplitSeq(b.String(), "\n\n") {
		if strings.Contains(stack, `"`+leakLabel+`":"`+label+`"`) && runsModuleCode(stack) {
			left = append(left, stack)
		}
	}
	return left
}

func runsModuleCode(stack string) bool {
	if !strings.Contains(stack, "#\t") {
		return true // has not started to run
	}
	for _, not := range []string{
		"testing.tRunner",           // the test itself
		"redistest.spawnLoop",       // runs until the program ends
		"redistest.(*process).reap", // runs until the shared server ends
	} {
		if strings.Contains(stack, not) {
			return false
		}
	}
	for _, pkg := range []string{"desir-go/desir/", "redis/go-redis/", "alicebob/miniredis/"} {
		if strings.Contains(stack, pkg) {
			return true
		}
	}
	return false
}
