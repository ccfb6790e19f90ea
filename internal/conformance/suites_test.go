package conformance_test

import (
	"os"
	"testing"

	"github.com/desir-go/desir/internal/conformance"
	"github.com/desir-go/desir/internal/redistest"
)

func TestMain(m *testing.M) {
	redistest.Parallel(16)
	os.Exit(redistest.Main(m))
}

// each runs a suite on every backend, in parallel with other suites, which mostly wait.
func each(t *testing.T, suite func(*testing.T, *redistest.Redis)) {
	t.Parallel()
	redistest.Each(t, suite)
}

func TestMap(t *testing.T)           { each(t, conformance.Map) }
func TestSet(t *testing.T)           { each(t, conformance.Set) }
func TestSortedSet(t *testing.T)     { each(t, conformance.SortedSet) }
func TestList(t *testing.T)          { each(t, conformance.List) }
func TestValue(t *testing.T)         { each(t, conformance.Value) }
func TestObject(t *testing.T)        { each(t, conformance.Object) }
func TestCounter(t *testing.T)       { each(t, conformance.Counter) }
func TestIDs(t *testing.T)           { each(t, conformance.IDs) }
func TestBounded(t *testing.T)       { each(t, conformance.Bounded) }
func TestWindow(t *testing.T)        { each(t, conformance.Window) }
func TestSharded(t *testing.T)       { each(t, conformance.Sharded) }
func TestChan(t *testing.T)          { each(t, conformance.Chan) }
func TestPriorityQueue(t *testing.T) { each(t, conformance.PriorityQueue) }
func TestMailbox(t *testing.T)       { each(t, conformance.Mailbox) }
func TestRPC(t *testing.T)           { each(t, conformance.RPC) }
