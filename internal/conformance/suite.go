package conformance

import (
	"iter"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/redistest"
)

// part is a named piece of a suite.
type part struct {
	name string
	test func(t *testing.T, r *redistest.Redis)
}

// run runs the parts side by side; each uses keys of its own.
func run(t *testing.T, r *redistest.Redis, parts ...part) {
	t.Helper()
	for _, p := range parts {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			p.test(t, r)
		})
	}
}

// name returns a name that only this test uses. On a cluster the names of one
// test need not share a slot.
func name(t *testing.T, r *redistest.Redis, of string) string {
	return r.Key(t.Name() + "/" + of)
}

// tagged is name for objects that one command names together.
func tagged(t *testing.T, r *redistest.Redis, of string) string {
	return r.TagKey(t.Name() + "/" + of)
}

// must stops the test at an error that has no business there.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// drain goes through a sequence and returns its values and its first error.
func drain[T any](seq iter.Seq2[T, error]) (all []T, err error) {
	for v, e := range seq {
		if e != nil {
			return all, e
		}
		all = append(all, v)
	}
	return all, nil
}

// collect makes a map of entries.
func collect[K comparable, V any](entries []desir.Entry[K, V]) map[K]V {
	all := map[K]V{}
	for _, e := range entries {
		all[e.Key] = e.Value
	}
	return all
}

// otherHandle returns a second client, as another process would have. It speaks
// the other version of the protocol, in which replies have other shapes.
func otherHandle(t *testing.T, r *redistest.Redis) client {
	t.Helper()
	return r.NewClient(t, func(o *redis.UniversalOptions) { o.Protocol = 5 - redistest.Protocol(t) })
}
