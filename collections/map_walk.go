package collections

import (
	"context"
	"iter"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/stored"
)

// All yields the entries in no particular order, with the guarantees in the package
// comment. If an entry does not decode, its error is a [*codec.DecodeError] with the
// field, and the loop may continue. Any other error is the last item.
//
// All sends one HSCAN for each page of 64 to 1000 entries, in a pipeline with INFO. INFO
// shows whether the server was restarted or replaced. The iteration then starts again,
// because a cursor is valid in one server process only.
func (m *Map[K, V]) All(ctx context.Context) iter.Seq2[desir.Entry[K, V], error] {
	return walk(ctx, m, "All", m.entry)
}

// Keys yields the keys as [Map.All] does. The server sends the values too, but Keys
// does not decode them.
func (m *Map[K, V]) Keys(ctx context.Context) iter.Seq2[K, error] {
	return walk(ctx, m, "Keys", func(field, _ string) (K, error) {
		return m.keys.Decode(field, m.h.Key, field)
	})
}

// Values yields the values as [Map.All] does.
func (m *Map[K, V]) Values(ctx context.Context) iter.Seq2[V, error] {
	return walk(ctx, m, "Values", func(field, value string) (V, error) {
		return m.values.Decode(value, m.h.Key, field)
	})
}

// walk yields the result of read for each field and value.
func walk[K comparable, V, T any](ctx context.Context, m *Map[K, V], op string, read func(field, value string) (T, error)) iter.Seq2[T, error] {
	return items(ctx, m.h, op, scan(ctx, m.h, "hscan"), 2,
		func(pair []string) (T, error) { return read(pair[0], pair[1]) })
}

// Snapshot returns all entries as they are at one moment. The errors of entries that do
// not decode are joined in the error, at most 100; the other entries are returned too.
//
// Snapshot sends one HGETALL and is O(n). It holds all entries in memory, and the server
// serves no other client while it executes the command, about half a second for a million
// entries. Use [Map.All] for maps that may be large.
func (m *Map[K, V]) Snapshot(ctx context.Context) (map[K]V, error) {
	all, err := clients.Read(ctx, m.h, redis.NewMapStringStringCmd, "hgetall")
	if err != nil {
		return nil, m.h.Fail("Snapshot", err)
	}
	entries := make(map[K]V, len(all))
	var bad stored.Errors
	for field, value := range all {
		e, err := m.entry(field, value)
		if !bad.Add(err) {
			entries[e.Key] = e.Value
		}
	}
	return entries, m.h.Fail("Snapshot", bad.Join())
}
