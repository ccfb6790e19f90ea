package conformance

import (
	"iter"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/redistest"
)

// part is a named part of a suite.
type part struct {
	name string
	test func(t *testing.T, r *redistest.Redis)
}

// run runs the parts in parallel. Each part uses separate keys.
func run(t *testing.T, r *redistest.Redis, parts ...part) {
	t.Helper()
	for _, p := range parts {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			p.test(t, r)
		})
	}
}

// name returns a name that only this test uses. On a cluster the names of a test may be
// in different slots.
func name(t *testing.T, r *redistest.Redis, of string) string {
	return r.Key(t.Name() + "/" + of)
}

// tagged is like name, for objects that one command names together: all names are in one
// slot.
func tagged(t *testing.T, r *redistest.Redis, of string) string {
	return r.TagKey(t.Name() + "/" + of)
}

// must ends the test if err is not nil.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// drain reads a sequence up to its first error and returns its values and the error.
func drain[T any](seq iter.Seq2[T, error]) (all []T, err error) {
	for v, e := range seq {
		if e != nil {
			return all, e
		}
		all = append(all, v)
	}
	return all, nil
}

// collect returns entries as a map.
func collect[K comparable, V any](entries []desir.Entry[K, V]) map[K]V {
	all := map[K]V{}
	for _, e := range entries {
		all[e.Key] = e.Value
	}
	return all
}

// otherProtocolClient returns a second client, which simulates another process. It speaks
// the other protocol version, in which some replies have other types.
func otherProtocolClient(t *testing.T, r *redistest.Redis) client {
	t.Helper()
	return r.NewClient(t, func(o *redis.UniversalOptions) { o.Protocol = 5 - redistest.Protocol(t) })
}
