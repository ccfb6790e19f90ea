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

// model compares a type with a plain Go one: every random call is made to both,
// and their answers have to be the same.
type model struct {
	t     *testing.T
	rng   *rand.Rand
	calls []string
}

func newModel(t *testing.T) *model { return &model{t: t, rng: redistest.Seed(t)} }

// run makes n calls, each chosen by chance.
func (m *model) run(n int, calls ...func()) {
	for range n {
		calls[m.rng.IntN(len(calls))]()
	}
}

// ctx is one that can end or one that cannot: the two take different ways.
func (m *model) ctx() context.Context {
	if m.rng.IntN(2) == 0 {
		return context.Background()
	}
	return m.t.Context()
}

// same notes a call and fails the test if it failed or its answer differs from
// the model's; then it shows the calls before it.
func (m *model) same(err error, got, want any, format string, args ...any) {
	m.t.Helper()
	m.calls = append(m.calls, fmt.Sprintf(format, args...))
	diff := cmp.Diff(want, got, cmpopts.EquateEmpty())
	if err == nil && diff == "" {
		return
	}
	last := m.calls[max(0, len(m.calls)-20):]
	m.t.Fatalf("%s: error %v, answer (-want +got)\n%s\nthe calls up to it:\n%s",
		last[len(last)-1], err, diff, strings.Join(last, "\n"))
}

// chance is true once in n times.
func (m *model) chance(n int) bool { return m.rng.IntN(n) == 0 }

// some returns up to n results of pick.
func some[T any](m *model, n int, pick func() T) []T {
	list := make([]T, m.rng.IntN(n+1))
	for i := range list {
		list[i] = pick()
	}
	return list
}

// oneOf returns one of vs by chance.
func oneOf[T any](m *model, vs ...T) T { return vs[m.rng.IntN(len(vs))] }

// answer bundles the results of a call.
func answer(results ...any) []any { return results }

func answer2[A, B any](a A, b B) []any { return []any{a, b} }
