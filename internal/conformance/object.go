package conformance

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/redistest"
)

// Object tests the methods that every type has on a backend.
func Object(t *testing.T, r *redistest.Redis) {
	var parts []part
	for _, o := range All() {
		if o.open == nil {
			continue
		}
		parts = append(parts, part{o.Name, func(t *testing.T, r *redistest.Redis) {
			at := name(t, r, "o")
			object := objectTest{o: o.open(r.Client, at), other: o.open(r.NewClient(t), at), fill: func() {
				fillKind(t, r.Raw(), at, o.kind)
			}}
			equal(t, "Key", object.o.Key(), at)
			object.life(t)
			object.expiry(t)
		}})
	}
	run(t, r, parts...)
}

func fillKind(t *testing.T, raw client, at, kind string) {
	t.Helper()
	ctx := t.Context()
	switch kind {
	case "hash":
		must(t, raw.HSet(ctx, at, "1", "1").Err())
	case "set":
		must(t, raw.SAdd(ctx, at, "1").Err())
	case "zset":
		must(t, raw.ZAdd(ctx, at, redis.Z{Member: "1", Score: 1}).Err())
	case "list":
		must(t, raw.RPush(ctx, at, "1").Err())
	default:
		must(t, raw.Set(ctx, at, "1", 0).Err())
	}
}

type objectTest struct {
	o, other object // two objects with one name
	fill     func()
}

// life creates and clears the object.
func (x objectTest) life(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	exists := func(want bool) {
		t.Helper()
		for _, o := range []object{x.o, x.other} {
			if ok, err := o.Exists(ctx); ok != want || err != nil {
				t.Errorf("Exists() = %t, %v; want %t", ok, err, want)
			}
		}
	}
	exists(false)
	must(t, x.o.Clear(ctx))
	x.fill()
	exists(true)
	must(t, x.other.Clear(ctx))
	exists(false)
}

// expiry sets and removes the time to live.
func (x objectTest) expiry(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	boolean := func(what string, want bool) func(bool, error) {
		return func(ok bool, err error) {
			t.Helper()
			if ok != want || err != nil {
				t.Errorf("%s = %t, %v; want %t", what, ok, err, want)
			}
		}
	}
	ttl := func(lo, hi time.Duration) {
		t.Helper()
		d, ok, err := x.other.TTL(ctx)
		if err != nil || ok != (hi > 0) || d < lo || d > hi {
			t.Errorf("TTL() = %v, %t, %v; want %v to %v", d, ok, err, lo, hi)
		}
	}
	gone := func(what string) {
		t.Helper()
		redistest.Eventually(t, 20*time.Second, func() bool {
			ok, err := x.other.Exists(ctx)
			must(t, err)
			return !ok
		}, what)
		ttl(0, 0)
	}
	boolean("Expire of nothing", false)(x.o.Expire(ctx, time.Hour))
	boolean("ExpireAt of nothing", false)(x.o.ExpireAt(ctx, time.Now().Add(time.Hour)))
	boolean("Persist of nothing", false)(x.o.Persist(ctx))
	ttl(0, 0)
	x.fill()
	ttl(0, 0)
	boolean("Persist of what stays", false)(x.o.Persist(ctx))
	boolean("Expire(1h)", true)(x.o.Expire(ctx, time.Hour))
	ttl(55*time.Minute, time.Hour)
	boolean("ExpireAt(in 3h)", true)(x.o.ExpireAt(ctx, time.Now().Add(3*time.Hour)))
	ttl(170*time.Minute, 3*time.Hour+time.Second)
	boolean("Persist", true)(x.o.Persist(ctx))
	ttl(0, 0)
	boolean("Expire(1ns)", true)(x.o.Expire(ctx, 1)) // rounded up to a millisecond
	gone("it expired after a nanosecond")
	x.fill()
	boolean("Expire(30ms)", true)(x.o.Expire(ctx, 30*time.Millisecond))
	gone("it expired after 30 ms")
	for _, past := range []time.Duration{0, -1, -time.Hour} {
		x.fill()
		boolean("Expire("+past.String()+")", true)(x.o.Expire(ctx, past))
		gone("a time to live of " + past.String() + " deletes")
	}
	x.fill()
	boolean("ExpireAt of the past", true)(x.o.ExpireAt(ctx, time.Unix(1, 0)))
	gone("an expiry in the past deletes")
}
