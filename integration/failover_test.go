package integration

import (
	"testing"
	"time"

	"github.com/desir-go/desir/internal/redistest"
)

// TestFailoverUnderLoad kills a master without a warning. Redis may lose the
// last acknowledged writes then, and give numbers out again: what is held is
// that calls go on, by themselves, soon after another master is there.
func TestFailoverUnderLoad(t *testing.T) {
	for name, make := range map[string]func(testing.TB) *Env{
		"cluster":  func(t testing.TB) *Env { return Cluster(t, Replicas(1)) },
		"sentinel": func(t testing.TB) *Env { return Sentinel(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := make(t)
			l := startLoad(t, e.NewClient())
			redistest.Eventually(t, time.Minute, func() bool { return l.done.Load() > 500 }, "calls succeed")
			master := e.Servers()[0]
			died := time.Now()
			master.Kill()
			redistest.Eventually(t, time.Minute, func() bool {
				for _, s := range e.Servers()[1:] {
					if role(t, s) == "master" && (name == "sentinel" || masters(t, e) == 3) {
						return true
					}
				}
				return false
			}, "another master")
			failover := time.Since(died)
			all := l.each()
			redistest.Eventually(t, time.Minute, func() bool {
				for w, n := range l.each() {
					if n < all[w]+10 {
						return false
					}
				}
				return true
			}, "every worker's calls succeed again")
			t.Logf("another master after %v, longest time without a success %v; %d calls acknowledged, %d perhaps run, %d not run",
				failover, time.Duration(l.longest.Load()), l.done.Load(), l.maybe.Load(), l.refused.Load())
		})
	}
}

// masters counts the nodes that answer and are masters.
func masters(t *testing.T, e *Env) (n int) {
	t.Helper()
	for _, s := range e.Servers() {
		if role(t, s) == "master" {
			n++
		}
	}
	return n
}
