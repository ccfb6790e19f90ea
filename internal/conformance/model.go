package conformance

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/desir-go/desir/internal/redistest"
)

// model compares a type with a Go type. It makes every random call to both, and their
// results must be equal.
type model struct {
	t     *testing.T
	rng   *rand.Rand
	calls []string
}

func newModel(t *testing.T) *model { return &model{t: t, rng: redistest.Seed(t)} }

// runRandom makes n calls, each chosen at random.
func (m *model) runRandom(n int, calls ...func()) {
	for range n {
		calls[m.rng.IntN(len(calls))]()
	}
}

// ctx returns a context that can end or one that cannot, since the library handles these
// differently.
func (m *model) ctx() context.Context {
	if m.rng.IntN(2) == 0 {
		return context.Background()
	}
	return m.t.Context()
}

// check records a call. If the call failed or its result differs from the model's, check
// ends the test and prints the calls before it.
func (m *model) check(err error, got, want any, format string, args ...any) {
	m.t.Helper()
	m.calls = append(m.calls, fmt.Sprintf(format, args...))
	diff := cmp.Diff(want, got, cmpopts.EquateEmpty())
	if err == nil && diff == "" {
		return
	}
	last := m.calls[max(0, len(m.calls)-20):]
	m.t.Fatalf("%s: error %v, result (-want +got)\n%s\nthe calls up to it:\n%s",
		last[len(last)-1], err, diff, strings.Join(last, "\n"))
}

// chance returns true with probability 1/n.
func (m *model) chance(n int) bool { return m.rng.IntN(n) == 0 }

// some returns up to n results of pick.
func some[T any](m *model, n int, pick func() T) []T {
	list := make([]T, m.rng.IntN(n+1))
	for i := range list {
		list[i] = pick()
	}
	return list
}

// oneOf returns a random element of vs.
func oneOf[T any](m *model, vs ...T) T { return vs[m.rng.IntN(len(vs))] }

// results returns the results of a call as a slice.
func results(results ...any) []any { return results }

func results2[A, B any](a A, b B) []any { return []any{a, b} }
