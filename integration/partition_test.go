package integration

import (
	"strings"
	"testing"
)

// TestPartitionNeedsContainers: without containers the failure says what is needed.
func TestPartitionNeedsContainers(t *testing.T) {
	for name, create := range map[string]func(testing.TB) *Env{
		"server":  func(t testing.TB) *Env { return New(t) },
		"cluster": func(t testing.TB) *Env { return Cluster(t) },
	} {
		t.Run(name, func(t *testing.T) {
			x := create(t).runFake(t, func(e *Env) {
				e.Heal() // no effect
				e.Partition()
			})
			if output := strings.Join(x.output, "\n"); !x.failed || !strings.Contains(output, "Container()") {
				t.Errorf("output %q; want a failure with a hint", output)
			}
		})
	}
}
