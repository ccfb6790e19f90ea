package desir

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/script"
	"github.com/desir-go/desir/internal/send"
)

// Object has the methods of every type that stores its data under one key. Those types
// embed it; programs do not create an Object directly.
//
// Each method sends one command in one round trip and is O(1) unless it says otherwise.
type Object struct{ h *clients.Handle }

func init() {
	clients.NewObject = func(h *clients.Handle) Object { return Object{h: h} }
}

// Key returns the Redis key, which is the object's name.
func (o Object) Key() string {
	if o.h == nil {
		return ""
	}
	return o.h.Key
}

// Exists reports whether the key exists. Redis deletes a collection with its last
// element, so an empty collection does not exist. It sends EXISTS.
func (o Object) Exists(ctx context.Context) (bool, error) {
	n, err := clients.Read(ctx, o.h, redis.NewIntCmd, "exists")
	return n > 0, o.h.Fail("Exists", err)
}

// Clear deletes the key and its data, of any Redis type. The server frees the memory in
// the background, so Clear costs other clients O(1). It runs UNLINK in a script.
func (o Object) Clear(ctx context.Context) error {
	shared, err := o.h.Shared()
	if err != nil {
		return o.h.Fail("Clear", err)
	}
	_, err = script.Unlink(ctx, shared, o.Key())
	return o.h.Fail("Clear", err)
}

// Expire makes the key expire after d and reports whether the key exists. It rounds d
// up to whole milliseconds. If d is zero or less, the key is deleted. It sends PEXPIRE.
func (o Object) Expire(ctx context.Context, d time.Duration) (bool, error) {
	return o.change(ctx, "Expire", "pexpire", send.Millis(d))
}

// ExpireAt makes the key expire at t, in milliseconds by the server's clock, and reports
// whether the key exists. If t is in the past, the key is deleted. It sends PEXPIREAT.
func (o Object) ExpireAt(ctx context.Context, t time.Time) (bool, error) {
	return o.change(ctx, "ExpireAt", "pexpireat", expiryMillis(t))
}

// Persist removes the key's expiry and reports whether there was one. It sends PERSIST.
func (o Object) Persist(ctx context.Context) (bool, error) {
	return o.change(ctx, "Persist", "persist")
}

// TTL returns the time until the key expires, at most 292 years. ok is false if the key
// does not exist or never expires. It sends PTTL.
func (o Object) TTL(ctx context.Context) (d time.Duration, ok bool, err error) {
	ms, err := clients.Read(ctx, o.h, redis.NewIntCmd, "pttl")
	if err != nil || ms < 0 {
		return 0, false, o.h.Fail("TTL", err)
	}
	return send.Duration(ms), true, nil
}

// expiryMillis returns t in milliseconds since 1970, limited to the years 1970 to
// 287,000.
func expiryMillis(t time.Time) int64 {
	const last = 1 << 53
	switch {
	case t.After(time.UnixMilli(last)):
		return last
	case t.Before(time.UnixMilli(0)):
		return 0
	default:
		return t.UnixMilli()
	}
}

func (o Object) change(ctx context.Context, op string, command any, args ...any) (bool, error) {
	n, err := clients.Write(ctx, o.h, redis.NewIntCmd, command, args...)
	return n == 1, o.h.Fail(op, err)
}
