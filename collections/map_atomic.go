package collections

import (
	"context"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/script"
)

// SetIfAbsent stores v under key if there is no value, and reports whether it stored v.
// It sends one HSETNX, once, and is O(1).
func (m *Map[K, V]) SetIfAbsent(ctx context.Context, key K, v V) (stored bool, err error) {
	_, field, value, err := m.encodePair(key, v)
	if err == nil {
		stored, err = m.setNew(ctx, field, value)
	}
	return stored, m.h.Fail("SetIfAbsent", err)
}

func (m *Map[K, V]) setNew(ctx context.Context, field, value string) (bool, error) {
	n, err := clients.Write(ctx, m.h, redis.NewIntCmd, "hsetnx", field, value)
	return n == 1, err
}

// Swap stores v under key and returns the previous value. It runs one script in one
// round trip, sent once, and is O(1) and atomic. If the previous value does not decode,
// Swap still stores v, and the error is a [*codec.DecodeError].
func (m *Map[K, V]) Swap(ctx context.Context, key K, v V) (prev V, loaded bool, err error) {
	_, field, value, err := m.encodePair(key, v)
	if err != nil {
		return prev, false, m.h.Fail("Swap", err)
	}
	prev, loaded, err = m.load(ctx, hashSwap, field, value)
	return prev, loaded, m.h.Fail("Swap", err)
}

// LoadOrStore returns the value under key if there is one, with loaded true. Otherwise
// it stores v and returns v. It runs one script in one round trip, sent once, and is
// O(1) and atomic.
func (m *Map[K, V]) LoadOrStore(ctx context.Context, key K, v V) (actual V, loaded bool, err error) {
	_, field, value, err := m.encodePair(key, v)
	if err != nil {
		return actual, false, m.h.Fail("LoadOrStore", err)
	}
	actual, loaded, err = m.load(ctx, hashLoadOrStore, field, value)
	if err == nil && !loaded {
		actual = v
	}
	return actual, loaded, m.h.Fail("LoadOrStore", err)
}

// LoadAndDelete removes key and returns its value. It runs one script in one round
// trip, sent once, and is O(1) and atomic. After [desir.ErrMaybeRan] the value may be
// lost. A value that does not decode is removed too, and LoadAndDelete returns the
// error.
func (m *Map[K, V]) LoadAndDelete(ctx context.Context, key K) (v V, loaded bool, err error) {
	_, field, err := m.field(key)
	if err != nil {
		return v, false, m.h.Fail("LoadAndDelete", err)
	}
	v, loaded, err = m.load(ctx, hashLoadDelete, field)
	return v, loaded, m.h.Fail("LoadAndDelete", err)
}

// load runs a script that returns the previous value of a field, or nil.
func (m *Map[K, V]) load(ctx context.Context, sc *script.Script, field string, args ...any) (v V, loaded bool, err error) {
	reply, err := sc.RunOn(ctx, m.h, append([]any{field}, args...)...)
	raw, ok := reply.(string)
	if err != nil || !ok {
		return v, false, err
	}
	v, err = m.values.Decode(raw, m.h.Key, field)
	return v, err == nil, err
}

// CompareAndSwap stores new under key if the current value is old, and reports whether
// it did. It compares values by their bytes. If the codec can encode equal values
// differently, the error is [codec.ErrUnsupported]. CompareAndSwap runs one script in
// one round trip, sent once, and is O(1) and atomic.
func (m *Map[K, V]) CompareAndSwap(ctx context.Context, key K, old, new V) (swapped bool, err error) {
	field, was, err := m.encodeExact(key, old)
	if err != nil {
		return false, m.h.Fail("CompareAndSwap", err)
	}
	value, err := m.values.EncodeAt(field, new)
	if err == nil {
		swapped, err = m.swapIf(ctx, field, was, value)
	}
	return swapped, m.h.Fail("CompareAndSwap", err)
}

// CompareAndDelete deletes key if the current value is old, and reports whether it did.
// It compares and costs as [Map.CompareAndSwap] does.
func (m *Map[K, V]) CompareAndDelete(ctx context.Context, key K, old V) (deleted bool, err error) {
	field, was, err := m.encodeExact(key, old)
	if err == nil {
		deleted, err = m.deleteIf(ctx, field, was)
	}
	return deleted, m.h.Fail("CompareAndDelete", err)
}

func (m *Map[K, V]) encodeExact(key K, old V) (field, was string, err error) {
	if m.exact != nil {
		return "", "", m.exact
	}
	_, field, was, err = m.encodePair(key, old)
	return field, was, err
}

func (m *Map[K, V]) swapIf(ctx context.Context, field, was, value string) (bool, error) {
	return runBool(ctx, m.h, hashSwapIf, field, was, value)
}

func (m *Map[K, V]) deleteIf(ctx context.Context, field, was string) (bool, error) {
	return runBool(ctx, m.h, hashDeleteIf, field, was)
}

// runBool runs a script on the object's key that returns 1 if it changed something.
func runBool(ctx context.Context, h *clients.Handle, sc *script.Script, args ...any) (bool, error) {
	reply, err := sc.RunOn(ctx, h, args...)
	return reply == int64(1), err
}

// Update changes the value under key with f and returns the new value. f receives the
// current value and whether there is one. It returns the new value and whether to keep
// it; if keep is false, the key is deleted. If f returns an error, Update writes
// nothing and returns that error in a [*desir.OpError].
//
// The update is optimistic. Update sends one HGET, and then one script or HSETNX that
// writes only if the value has not changed. If another caller changed the value, Update
// tries again with an exponential backoff. So f runs at least once and may run many
// times; its result is applied once. Update reads from the master even if the client
// reads from replicas.
//
// After 200 attempts the error is [desir.ErrConflict]. Every write is sent once. After
// [desir.ErrMaybeRan] the update may have been applied.
func (m *Map[K, V]) Update(ctx context.Context, key K, f func(old V, ok bool) (new V, keep bool, err error)) (V, error) {
	v, err := update(ctx, &m.values, f, func() (casTarget, error) {
		s, field, err := m.field(key)
		if err != nil {
			return casTarget{}, err
		}
		var raw string
		var ok bool
		if m.h.Known().FromReplicas() {
			raw, ok, err = readFromMaster(ctx, m.h, redis.NewStringCmd(ctx, "hget", m.h.Key, field))
		} else {
			raw, ok, err = s.HGet(ctx, m.h.Key, field)
		}
		return casTarget{
			raw: raw, ok: ok, key: m.h.Key, field: field,
			setNew:   func(value string) (bool, error) { return m.setNew(ctx, field, value) },
			swapIf:   func(was, value string) (bool, error) { return m.swapIf(ctx, field, was, value) },
			deleteIf: func(was string) (bool, error) { return m.deleteIf(ctx, field, was) },
		}, err
	})
	return v, m.h.Fail("Update", err)
}
