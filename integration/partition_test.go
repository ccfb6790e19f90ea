package integration

import (
	"strings"
	"testing"
)

// TestPartitionNeedsContainers: without containers the failure says what is needed.
func TestPartitionNeedsContainers(t *testing.T) {
	for name, make := range map[string]func(testing.TB) *Env{
		"server":  func(t testing.TB) *Env { return New(t) },
		"cluster": func(t testing.TB) *Env { return Cluster(t) },
	} {
		t.Run(name, func(t *testing.T) {
			x := make(t).attempt(t, func(e *Env) {
				e.Heal() // no effect
				e.Partition()
			})
			if said := strings.Join(x.said, "\n"); !x.failed || !strings.Contains(said, "Container()") {
				t.Errorf("said %q; want a failure with a hint", said)
			}
		})
	}
}
