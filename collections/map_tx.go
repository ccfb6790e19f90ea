package collections

import (
	"context"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/stored"
	"github.com/desir-go/desir/internal/tx"
)

// MapTx is a [Map] in a transaction of [desir.Atomic]. Its reads are sent at once, and cost and
// fail as those of the Map do. Its writes are queued; see desir.Atomic for their errors.
type MapTx[K comparable, V any] struct {
	m *Map[K, V]
	o tx.Object
}

// In returns the map in a transaction.
func (m *Map[K, V]) In(t *desir.Tx) MapTx[K, V] { return MapTx[K, V]{m, inTx(t, m.h)} }

// Get returns the value stored under key, and whether there is one. It sends one HGET.
func (x MapTx[K, V]) Get(ctx context.Context, key K) (v V, ok bool, err error) {
	field, err := x.field(key)
	if err != nil {
		return v, false, x.o.Fail("Get", err)
	}
	raw, ok, err := x.o.Text(ctx, "hget", field)
	if err != nil || !ok {
		return v, false, x.o.Fail("Get", err)
	}
	v, err = x.m.values.Decode(raw, x.m.h.Key, field)
	return v, err == nil, x.o.Fail("Get", err)
}

// GetMany returns the values of up to 1000 keys that exist, as [Map.GetMany] does. It runs HMGET in
// a script that only reads.
func (x MapTx[K, V]) GetMany(ctx context.Context, keys ...K) (map[K]V, error) {
	found := make(map[K]V, len(keys))
	fields, err := x.fields(keys)
	if err != nil || len(keys) == 0 {
		return found, x.o.Fail("GetMany", err)
	}
	reply, err := x.o.Many(ctx, tx.Listed, "HMGET", fields...)
	if err == nil && len(reply) != len(keys) {
		err = errPage
	}
	if err != nil {
		return found, x.o.Fail("GetMany", err)
	}
	var bad stored.Errors
	for i, raw := range reply {
		text, ok := raw.(string)
		if !ok {
			continue
		}
		v, err := x.m.values.Decode(text, x.m.h.Key, fields[i].(string))
		if !bad.Add(err) {
			found[keys[i]] = v
		}
	}
	return found, x.o.Fail("GetMany", bad.Join())
}

// Has reports whether there is a value under key. It sends one HEXISTS.
func (x MapTx[K, V]) Has(ctx context.Context, key K) (bool, error) {
	field, err := x.field(key)
	if err != nil {
		return false, x.o.Fail("Has", err)
	}
	n, _, err := x.o.Int(ctx, "hexists", field)
	return n == 1, x.o.Fail("Has", err)
}

// Len returns the number of entries. It sends one HLEN.
func (x MapTx[K, V]) Len(ctx context.Context) (int, error) {
	n, _, err := x.o.Int(ctx, "hlen")
	return int(n), x.o.Fail("Len", err)
}

// Snapshot returns all entries, of which there may be 1000, as [Map.Snapshot] does. It runs HGETALL
// in a script that only reads. An entry that another writer adds is a difference.
func (x MapTx[K, V]) Snapshot(ctx context.Context) (map[K]V, error) {
	all := map[K]V{}
	reply, err := x.o.Many(ctx, tx.Paired, "HGETALL")
	if err != nil {
		return all, x.o.Fail("Snapshot", err)
	}
	var bad stored.Errors
	for raw := texts(reply); len(raw) > 1; raw = raw[2:] {
		e, err := x.m.entry(raw[0], raw[1])
		if !bad.Add(err) {
			all[e.Key] = e.Value
		}
	}
	return all, x.o.Fail("Snapshot", bad.Join())
}

// Set stores v under key, by HSET.
func (x MapTx[K, V]) Set(key K, v V) {
	x.o.Queue("Set", func() (tx.Write, error) {
		_, field, value, err := x.m.encodePair(key, v)
		return tx.Create("hash", "HSET", field, value), err
	})
}

// Delete removes keys, by HDEL.
func (x MapTx[K, V]) Delete(keys ...K) {
	x.o.Queue("Delete", func() (tx.Write, error) {
		_, fields, err := x.m.fields(keys)
		if len(fields) == 0 {
			return tx.Write{}, err
		}
		return tx.Change("hash", "HDEL", fields...), err
	})
}

func (x MapTx[K, V]) field(key K) (string, error) {
	if err := x.o.Err(); err != nil {
		return "", err
	}
	return x.m.keys.Encode(key)
}

func (x MapTx[K, V]) fields(keys []K) ([]any, error) {
	if err := x.o.Err(); err != nil {
		return nil, err
	}
	fields, err := x.m.keys.EncodeAll(keys)
	return anys(fields), err
}
