package collections

import (
	"context"
	"iter"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/element"
)

// All walks over the entries. See the package comment for what a walk
// promises. An entry that does not decode comes as a [*codec.DecodeError] with
// its field, and the loop may go on; any other error is the last.
//
// One HSCAN for each page of 64 to 1000 entries, in a pipeline with INFO.
func (m *Map[K, V]) All(ctx context.Context) iter.Seq2[desir.Entry[K, V], error] {
	return walk(ctx, m, "All", m.entry)
}

// Keys walks over the keys, as [Map.All] does; the values travel too but are
// not decoded.
func (m *Map[K, V]) Keys(ctx context.Context) iter.Seq2[K, error] {
	return walk(ctx, m, "Keys", func(field, _ string) (K, error) {
		return m.keys.Decode(field, m.h.Key, field)
	})
}

// Values walks over the values, as [Map.All] does.
func (m *Map[K, V]) Values(ctx context.Context) iter.Seq2[V, error] {
	return walk(ctx, m, "Values", func(field, value string) (V, error) {
		return m.values.Decode(value, m.h.Key, field)
	})
}

// walk yields what read makes of each field and value.
func walk[K comparable, V, T any](ctx context.Context, m *Map[K, V], op string, read func(field, value string) (T, error)) iter.Seq2[T, error] {
	return items(ctx, scan(ctx, m.h, "hscan"), 2,
		func(pair []string) (T, error) { return read(pair[0], pair[1]) },
		func(err error) error { return m.fail(op, err) })
}

// Snapshot returns all entries as they are at one moment: the good ones, and
// joined errors (at most 100) for those that do not decode.
//
// One HGETALL, O(n): all of it is in memory at once here and the server serves
// nobody else meanwhile (about half a second for a million entries). For what
// may be large, walk with [Map.All].
func (m *Map[K, V]) Snapshot(ctx context.Context) (map[K]V, error) {
	s, err := m.h.Send()
	if err != nil {
		return nil, m.fail("Snapshot", err)
	}
	cmd := redis.NewMapStringStringCmd(ctx, "hgetall", m.h.Key)
	if err := s.Read(ctx, cmd); err != nil {
		return nil, m.fail("Snapshot", err)
	}
	entries := make(map[K]V, len(cmd.Val()))
	var bad element.Faults
	for field, value := range cmd.Val() {
		e, err := m.entry(field, value)
		if !bad.Add(err) {
			entries[e.Key] = e.Value
		}
	}
	return entries, m.fail("Snapshot", bad.Join())
}
