package collections

import (
	"context"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/element"
	"github.com/desir-go/desir/internal/hub"
	"github.com/desir-go/desir/internal/send"
)

// Map is a Go map in a Redis hash, shared by everyone who uses its name.
//
// Use NewMap. A Map is safe for any number of goroutines; it holds no data
// itself, so every call sees what is in Redis at that moment.
//
// Under codec.Encrypt and codec.Sign each value is bound to the map and to its key: one
// that was moved to another key is a [*codec.DecodeError] with [codec.ErrSignature].
type Map[K comparable, V any] struct {
	desir.Object
	h      *hub.Handle
	keys   element.Of[K]
	values element.Of[V]
	exact  error // why values cannot be compared by their bytes
}

// NewMap names a map. It does not talk to Redis and cannot fail: a name, a type
// or an option that cannot work is the error of every call.
func NewMap[K comparable, V any](rdb redis.UniversalClient, name string, opts ...Option) *Map[K, V] {
	s, err := gather(opts, false)
	vc := element.Scoped(s.values, "map", name)
	keys, keyErr := element.Keys[K](s.keys)
	values, valueErr := element.Placed[V](vc)
	h := handle(rdb, "Map", name, err, keyErr, valueErr).Apart(s.apart)
	return &Map[K, V]{
		Object: newObject(h),
		h:      h,
		keys:   keys,
		values: values,
		exact:  element.Canonical(vc),
	}
}

// Get returns the value stored under key, and whether there is one.
//
// One HGET, or a share of one HMGET when other goroutines ask at the same time:
// one round trip, O(1). It fails with [*codec.DecodeError] if the stored bytes do
// not parse and with [desir.ErrWrongType] if the key is no hash.
func (m *Map[K, V]) Get(ctx context.Context, key K) (v V, ok bool, err error) {
	s, field, err := m.at(key)
	if err != nil {
		return v, false, m.fail("Get", err)
	}
	raw, ok, err := s.HGet(ctx, m.h.Key, field)
	if err != nil || !ok {
		return v, false, m.fail("Get", err)
	}
	v, err = m.values.Decode(raw, m.h.Key, field)
	return v, err == nil, m.fail("Get", err)
}

// GetMany returns the values of those keys that are there: the good ones, also
// when others do not decode; those are joined in the error (at most 100).
//
// One HMGET: one round trip, O(len(keys)), atomic.
func (m *Map[K, V]) GetMany(ctx context.Context, keys ...K) (map[K]V, error) {
	found := make(map[K]V, len(keys))
	s, fields, err := m.atAll(keys)
	if err != nil || len(keys) == 0 {
		return found, m.fail("GetMany", err)
	}
	cmd := redis.NewSliceCmd(ctx, send.Args("hmget", m.h.Key, fields)...)
	if err := s.Read(ctx, cmd); err != nil {
		return found, m.fail("GetMany", err)
	}
	var bad element.Faults
	for i, raw := range cmd.Val() {
		text, ok := raw.(string)
		if !ok {
			continue
		}
		v, err := m.values.Decode(text, m.h.Key, fields[i])
		if !bad.Add(err) {
			found[keys[i]] = v
		}
	}
	return found, m.fail("GetMany", bad.Join())
}

// Has reports whether there is a value under key. One HEXISTS, O(1).
func (m *Map[K, V]) Has(ctx context.Context, key K) (bool, error) {
	s, field, err := m.at(key)
	if err != nil {
		return false, m.fail("Has", err)
	}
	cmd := redis.NewIntCmd(ctx, "hexists", m.h.Key, field)
	if err := s.Read(ctx, cmd); err != nil {
		return false, m.fail("Has", err)
	}
	return cmd.Val() == 1, nil
}

// Len returns the number of entries. One HLEN, O(1). A key whose time to live is over
// (see [Map.SetTTL]) counts for as long as the server has not swept it, and so does
// a map that has no other key for [desir.Object.Exists].
func (m *Map[K, V]) Len(ctx context.Context) (int, error) {
	s, err := m.h.Send()
	if err != nil {
		return 0, m.fail("Len", err)
	}
	cmd := redis.NewIntCmd(ctx, "hlen", m.h.Key)
	if err := s.Read(ctx, cmd); err != nil {
		return 0, m.fail("Len", err)
	}
	return int(cmd.Val()), nil
}

// Set stores v under key.
//
// One HSET, or a share of one: one round trip, O(1), sent once. It takes a time
// to live of the key away (see [Map.SetTTL]). After [desir.ErrMaybeRan] setting
// again is safe, unless somebody else wrote in between.
func (m *Map[K, V]) Set(ctx context.Context, key K, v V) error {
	s, field, value, err := m.pair(key, v)
	if err == nil {
		err = s.HSet(ctx, m.h.Key, field, value)
	}
	return m.fail("Set", err)
}

// Delete removes keys and returns how many were there. One HDEL, O(len(keys)),
// atomic, sent once. Redis counts a key whose time to live is over (see
// [Map.SetTTL]) for as long as it has not swept it, some 100 ms; Valkey does not.
func (m *Map[K, V]) Delete(ctx context.Context, keys ...K) (n int, err error) {
	n, err = m.remove(ctx, keys)
	return n, m.fail("Delete", err)
}

func (m *Map[K, V]) remove(ctx context.Context, keys []K) (int, error) {
	s, fields, err := m.atAll(keys)
	if err != nil || len(keys) == 0 {
		return 0, err
	}
	cmd := redis.NewIntCmd(ctx, send.Args("hdel", m.h.Key, fields)...)
	if err := s.Write(ctx, cmd); err != nil {
		return 0, err
	}
	return int(cmd.Val()), nil
}

// Random returns up to n different entries, chosen by chance; the good ones,
// and joined errors for those that do not decode. One HRANDFIELD, O(n).
func (m *Map[K, V]) Random(ctx context.Context, n int) ([]desir.Entry[K, V], error) {
	s, err := m.h.Send()
	if err != nil || n <= 0 {
		return nil, m.fail("Random", err)
	}
	cmd := redis.NewCmd(ctx, "hrandfield", m.h.Key, min(int64(n), maxRandom), "withvalues")
	if err := s.Read(ctx, cmd); err != nil {
		return nil, m.fail("Random", err)
	}
	found, ok := pairs(cmd.Val())
	if !ok {
		return nil, m.fail("Random", errPage)
	}
	entries := make([]desir.Entry[K, V], 0, len(found))
	var bad element.Faults
	for _, p := range found {
		e, err := m.entry(p[0], p[1])
		if !bad.Add(err) {
			entries = append(entries, e)
		}
	}
	return entries, m.fail("Random", bad.Join())
}

const maxRandom = 1 << 40 // the server takes less than 2^63 here

// pairs reads fields and values in each of the shapes that servers give them:
// an array of pairs, one flat array, or (an embedded one) a map. It is not ok if the reply is
// none of them.
func pairs(reply any) (all [][2]string, ok bool) {
	ok = true
	add := func(field, value any) {
		f, isText := field.(string)
		v, too := value.(string)
		ok = ok && isText && too
		all = append(all, [2]string{f, v})
	}
	switch reply := reply.(type) {
	case map[any]any:
		for field, value := range reply {
			add(field, value)
		}
	case []any:
		for i := 0; i < len(reply); i++ {
			if pair, ok := reply[i].([]any); ok && len(pair) == 2 {
				add(pair[0], pair[1])
			} else if i+1 < len(reply) {
				add(reply[i], reply[i+1])
				i++
			} else {
				ok = false
			}
		}
	default:
		ok = false
	}
	return all, ok
}

// at resolves what a call on one key needs.
func (m *Map[K, V]) at(key K) (*send.Sender, string, error) {
	s, err := m.h.Send()
	if err != nil {
		return nil, "", err
	}
	field, err := m.keys.Encode(key)
	return s, field, err
}

func (m *Map[K, V]) atAll(keys []K) (*send.Sender, []string, error) {
	s, err := m.h.Send()
	if err != nil {
		return nil, nil, err
	}
	fields, err := m.keys.EncodeAll(keys)
	return s, fields, err
}

func (m *Map[K, V]) pair(key K, v V) (s *send.Sender, field, value string, err error) {
	if s, field, err = m.at(key); err == nil {
		value, err = m.values.EncodeAt(field, v)
	}
	return s, field, value, err
}

func (m *Map[K, V]) entry(field, value string) (e desir.Entry[K, V], err error) {
	k, err := m.keys.Decode(field, m.h.Key, field)
	if err != nil {
		return e, err
	}
	v, err := m.values.Decode(value, m.h.Key, field)
	if err != nil {
		return e, err
	}
	return desir.Entry[K, V]{Key: k, Value: v}, nil
}

func (m *Map[K, V]) fail(op string, err error) error { return m.h.Fail(op, err) }
