package collections

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/script"
	"github.com/desir-go/desir/internal/send"
	"github.com/desir-go/desir/internal/stored"
)

// Value is one value stored in a Redis string. All users of its name share it.
//
// Create a Value with [NewValue]. A Value is safe for concurrent use and does not hold
// the data itself.
type Value[T any] struct {
	desir.Object
	h     *clients.Handle
	value stored.Codec[T]
	exact error // why values cannot be compared by their bytes, or nil
}

// NewValue returns the value called name. It sends nothing and cannot fail. If the
// name, the type or an option is invalid, every call returns the error.
func NewValue[T any](rdb redis.UniversalClient, name string, opts ...Option) *Value[T] {
	s, err := newSettings(opts, false)
	c := stored.Scope(s.values, "value", name)
	value, valueErr := stored.Values[T](c)
	h := handle(rdb, "Value", name, err, valueErr).Unbatched(s.unbatched)
	return &Value[T]{Object: newObject(h), h: h, value: value, exact: stored.CheckDeterministic(c)}
}

// Get returns the value, and whether there is one. It sends one GET and is O(1). If the
// stored bytes do not decode, the error is a [*codec.DecodeError]. If the key is not a
// string, the error is [desir.ErrWrongType].
func (x *Value[T]) Get(ctx context.Context) (v T, ok bool, err error) {
	raw, err := clients.Read(ctx, x.h, redis.NewStringCmd, "get")
	v, ok, err = decodeReply(x.h, &x.value, raw, err)
	return v, ok, x.h.Fail("Get", err)
}

// raw reads the stored bytes from the master.
func (x *Value[T]) raw(ctx context.Context) (raw string, ok bool, err error) {
	if shared, err := x.h.Shared(); err == nil && shared.FromReplicas() {
		return readFromMaster(ctx, x.h, redis.NewStringCmd(ctx, "get", x.h.Key))
	}
	raw, err = clients.Read(ctx, x.h, redis.NewStringCmd, "get")
	return raw, err == nil, send.IgnoreNil(err)
}

// Set stores v, replaces a value of any Redis type and removes an expiry. It sends one
// SET, once, and is O(1). After [desir.ErrMaybeRan], setting the value again is safe
// unless another caller wrote in between.
func (x *Value[T]) Set(ctx context.Context, v T) error {
	value, err := x.encode(v)
	if err == nil {
		_, err = clients.Write(ctx, x.h, redis.NewStatusCmd, "set", value)
	}
	return x.h.Fail("Set", err)
}

var errTTL = errors.New("the time to live must be positive")

// SetTTL stores v and makes it expire after ttl. ttl must be positive and is rounded up
// to whole milliseconds. SetTTL sends one SET with PX. Otherwise it is as [Value.Set].
func (x *Value[T]) SetTTL(ctx context.Context, v T, ttl time.Duration) error {
	if ttl <= 0 {
		return x.h.Fail("SetTTL", errTTL)
	}
	value, err := x.encode(v)
	if err == nil {
		_, err = clients.Write(ctx, x.h, redis.NewStatusCmd, "set", value, "px", send.Millis(ttl))
	}
	return x.h.Fail("SetTTL", err)
}

// SetIfAbsent stores v if there is no value, and reports whether it stored v. It sends
// one SETNX, once, and is O(1).
func (x *Value[T]) SetIfAbsent(ctx context.Context, v T) (ok bool, err error) {
	value, err := x.encode(v)
	if err == nil {
		ok, err = x.setNew(ctx, value)
	}
	return ok, x.h.Fail("SetIfAbsent", err)
}

func (x *Value[T]) setNew(ctx context.Context, value string) (bool, error) {
	n, err := clients.Write(ctx, x.h, redis.NewIntCmd, "setnx", value)
	return n == 1, err
}

// Swap stores v, removes an expiry and returns the previous value. It sends one SET
// with GET, once, and is O(1) and atomic. If the previous value does not decode, Swap
// still stores v, and the error is a [*codec.DecodeError].
func (x *Value[T]) Swap(ctx context.Context, v T) (prev T, loaded bool, err error) {
	value, err := x.encode(v)
	if err != nil {
		return prev, false, x.h.Fail("Swap", err)
	}
	raw, err := clients.Write(ctx, x.h, redis.NewStringCmd, "set", value, "get")
	prev, loaded, err = decodeReply(x.h, &x.value, raw, err)
	return prev, loaded, x.h.Fail("Swap", err)
}

// CompareAndSwap stores new if the current value is old, and reports whether it did. An
// expiry stays. CompareAndSwap compares values by their bytes. If the codec can encode
// equal values differently, the error is [codec.ErrUnsupported]. CompareAndSwap runs
// one script in one round trip, sent once, and is O(1) and atomic.
func (x *Value[T]) CompareAndSwap(ctx context.Context, old, new T) (swapped bool, err error) {
	if x.exact != nil {
		return false, x.h.Fail("CompareAndSwap", x.exact)
	}
	was, err := x.encode(old)
	if err != nil {
		return false, x.h.Fail("CompareAndSwap", err)
	}
	value, err := x.value.Encode(new)
	if err == nil {
		swapped, err = runBool(ctx, x.h, stringSwapIf, was, value)
	}
	return swapped, x.h.Fail("CompareAndSwap", err)
}

// Update changes the value with f as [Map.Update] does. It sends one GET, and then one
// script or SETNX that writes only if the value has not changed. An expiry stays.
func (x *Value[T]) Update(ctx context.Context, f func(old T, ok bool) (new T, keep bool, err error)) (T, error) {
	v, err := update(ctx, &x.value, f, func() (casTarget, error) {
		raw, ok, err := x.raw(ctx)
		if err != nil {
			return casTarget{}, err
		}
		return casTarget{
			raw: raw, ok: ok, key: x.h.Key,
			setNew:   func(value string) (bool, error) { return x.setNew(ctx, value) },
			swapIf:   func(was, value string) (bool, error) { return runBool(ctx, x.h, stringSwapIf, was, value) },
			deleteIf: func(was string) (bool, error) { return runBool(ctx, x.h, stringDeleteIf, was) },
		}, nil
	})
	return v, x.h.Fail("Update", err)
}

// Delete removes the value and reports whether there was one. It runs UNLINK in a
// script, in one round trip, sent once, and is O(1).
func (x *Value[T]) Delete(ctx context.Context) (deleted bool, err error) {
	shared, err := x.h.Shared()
	if err != nil {
		return false, x.h.Fail("Delete", err)
	}
	n, err := script.Unlink(ctx, shared, x.h.Key)
	return n > 0, x.h.Fail("Delete", err)
}

// encode encodes a value, unless the object cannot work.
func (x *Value[T]) encode(v T) (string, error) {
	if _, err := x.h.Shared(); err != nil {
		return "", err
	}
	return x.value.Encode(v)
}
