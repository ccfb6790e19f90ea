package collections

import (
	"context"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/send"
	"github.com/desir-go/desir/internal/stored"
)

// Map is a Go map stored in a Redis hash. All users of its name share it.
//
// Create a Map with [NewMap]. A Map is safe for concurrent use. It does not hold the data
// itself, so every call uses the current state in Redis.
//
// With [codec.Encrypt] and [codec.Sign] each value is bound to the map and to its key.
// If a value was moved to another key, reading it returns a [*codec.DecodeError] with
// [codec.ErrSignature].
type Map[K comparable, V any] struct {
	desir.Object
	h      *clients.Handle
	keys   stored.Codec[K]
	values stored.Codec[V]
	exact  error // why values cannot be compared by their bytes, or nil
}

// NewMap returns the map called name. It sends nothing and cannot fail. If the name, a
// type or an option is invalid, every call returns the error.
func NewMap[K comparable, V any](rdb redis.UniversalClient, name string, opts ...Option) *Map[K, V] {
	s, err := newSettings(opts, false)
	vc := stored.Scope(s.values, "map", name)
	keys, keyErr := stored.Keys[K](s.keys)
	values, valueErr := stored.FieldValues[V](vc)
	h := handle(rdb, "Map", name, err, keyErr, valueErr).Unbatched(s.unbatched)
	return &Map[K, V]{
		Object: newObject(h),
		h:      h,
		keys:   keys,
		values: values,
		exact:  stored.CheckDeterministic(vc),
	}
}

// Get returns the value stored under key, and whether there is one.
//
// Get sends one HGET, or shares one HMGET with concurrent calls. It takes one round
// trip and is O(1). If the stored bytes do not decode, the error is a
// [*codec.DecodeError]. If the Redis key is not a hash, the error is
// [desir.ErrWrongType].
func (m *Map[K, V]) Get(ctx context.Context, key K) (v V, ok bool, err error) {
	s, field, err := m.field(key)
	if err != nil {
		return v, false, m.h.Fail("Get", err)
	}
	raw, ok, err := s.HGet(ctx, m.h.Key, field)
	if err != nil || !ok {
		return v, false, m.h.Fail("Get", err)
	}
	v, err = m.values.Decode(raw, m.h.Key, field)
	return v, err == nil, m.h.Fail("Get", err)
}

// GetMany returns the values of the keys that exist. The errors of values that do not
// decode are joined in the error, at most 100; the other values are returned too.
//
// GetMany sends one HMGET in one round trip and is O(len(keys)) and atomic.
func (m *Map[K, V]) GetMany(ctx context.Context, keys ...K) (map[K]V, error) {
	found := make(map[K]V, len(keys))
	s, fields, err := m.fields(keys)
	if err != nil || len(keys) == 0 {
		return found, m.h.Fail("GetMany", err)
	}
	cmd := redis.NewSliceCmd(ctx, send.Args("hmget", m.h.Key, fields)...)
	if err := s.Read(ctx, cmd); err != nil {
		return found, m.h.Fail("GetMany", err)
	}
	var bad stored.Errors
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
	return found, m.h.Fail("GetMany", bad.Join())
}

// Has reports whether there is a value under key. It sends one HEXISTS and is O(1).
func (m *Map[K, V]) Has(ctx context.Context, key K) (bool, error) {
	_, field, err := m.field(key)
	if err != nil {
		return false, m.h.Fail("Has", err)
	}
	n, err := clients.Read(ctx, m.h, redis.NewIntCmd, "hexists", field)
	return n == 1, m.h.Fail("Has", err)
}

// Len returns the number of entries. It sends one HLEN and is O(1).
//
// A key whose time to live has ended (see [Map.SetTTL]) counts until the server removes
// it. Until then, a map without other keys still exists for [desir.Object.Exists].
func (m *Map[K, V]) Len(ctx context.Context) (int, error) {
	n, err := clients.Read(ctx, m.h, redis.NewIntCmd, "hlen")
	return int(n), m.h.Fail("Len", err)
}

// Set stores v under key.
//
// Set sends one HSET, or shares one with concurrent calls. It takes one round trip, is
// O(1) and is sent once. It removes the key's time to live (see [Map.SetTTL]). After
// [desir.ErrMaybeRan], setting the value again is safe unless another caller wrote in
// between.
func (m *Map[K, V]) Set(ctx context.Context, key K, v V) error {
	s, field, value, err := m.encodePair(key, v)
	if err == nil {
		err = s.HSet(ctx, m.h.Key, field, value)
	}
	return m.h.Fail("Set", err)
}

// Delete removes keys and returns how many of them existed. It sends one HDEL, once,
// and is O(len(keys)) and atomic. Redis counts a key whose time to live has ended (see
// [Map.SetTTL]) until it removes the key about 100 ms later. Valkey does not count such
// a key.
func (m *Map[K, V]) Delete(ctx context.Context, keys ...K) (n int, err error) {
	n, err = m.remove(ctx, keys)
	return n, m.h.Fail("Delete", err)
}

func (m *Map[K, V]) remove(ctx context.Context, keys []K) (int, error) {
	s, fields, err := m.fields(keys)
	if err != nil || len(keys) == 0 {
		return 0, err
	}
	cmd := redis.NewIntCmd(ctx, send.Args("hdel", m.h.Key, fields)...)
	existed, err := send.Reply(cmd, s.Write(ctx, cmd))
	return int(existed), err
}

// Random returns up to n different random entries. The errors of entries that do not
// decode are joined in the error; the other entries are returned too. Random sends one
// HRANDFIELD and is O(n).
func (m *Map[K, V]) Random(ctx context.Context, n int) ([]desir.Entry[K, V], error) {
	if _, err := m.h.Shared(); err != nil || n <= 0 {
		return nil, m.h.Fail("Random", err)
	}
	reply, err := clients.Read(ctx, m.h, redis.NewCmd, "hrandfield", min(int64(n), maxRandom), "withvalues")
	if err != nil {
		return nil, m.h.Fail("Random", err)
	}
	found, ok := pairs(reply)
	if !ok {
		return nil, m.h.Fail("Random", errPage)
	}
	entries := make([]desir.Entry[K, V], 0, len(found))
	var bad stored.Errors
	for _, p := range found {
		e, err := m.entry(p[0], p[1])
		if !bad.Add(err) {
			entries = append(entries, e)
		}
	}
	return entries, m.h.Fail("Random", bad.Join())
}

const maxRandom = 1 << 40 // below the server's limit, which is less than 2^63

// pairs reads fields and values from a reply of any form that servers use: an array of
// pairs, a flat array, or, from an embedded server, a map. ok is false for other replies.
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

// field returns the sender and the field for a call on one key.
func (m *Map[K, V]) field(key K) (*send.Sender, string, error) {
	s, err := m.h.Sender()
	if err != nil {
		return nil, "", err
	}
	field, err := m.keys.Encode(key)
	return s, field, err
}

func (m *Map[K, V]) fields(keys []K) (*send.Sender, []string, error) {
	s, err := m.h.Sender()
	if err != nil {
		return nil, nil, err
	}
	fields, err := m.keys.EncodeAll(keys)
	return s, fields, err
}

func (m *Map[K, V]) encodePair(key K, v V) (s *send.Sender, field, value string, err error) {
	if s, field, err = m.field(key); err == nil {
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
