package conformance

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/counter"
	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/redistest"
)

// Sharded tests counter.Sharded on a backend.
func Sharded(t *testing.T, r *redistest.Redis) {
	run(t, r,
		part{"Model", shardedModel},
		failures(shardedSubject()),
		costs(shardedSubject()),
		part{"Costs", shardedCosts},
		part{"Race", shardedRace},
		part{"Sums", shardedSums},
		part{"Undecodable", shardedUndecodable},
		part{"Shards", shardedShards},
	)
}

// shardedModel makes random calls to objects of one name. Some have fewer shards, and one
// is a Counter.
func shardedModel(t *testing.T, r *redistest.Redis) {
	m := newModel(t)
	at := name(t, r, "likes")
	wide := []*counter.Sharded{
		counter.NewSharded(r.Client, at, 20), counter.NewSharded(otherProtocolClient(t, r), at, 20),
	}
	all := append([]*counter.Sharded{counter.NewSharded(r.Client, at, 1), counter.NewSharded(r.Client, at, 7)}, wide...)
	plain := counter.New(r.Client, at)
	want, present := int64(0), false
	m.runRandom(300, func() {
		n := m.rng.Int64N(7) - 2
		want, present = want+n, true
		m.check(oneOf(m, all...).Add(m.ctx(), n), nil, nil, "Add(%d)", n)
	}, func() {
		want, present = want+1, true
		m.check(second(plain.Next(m.ctx())), nil, nil, "Next() of a counter")
	}, func() {
		v, err := oneOf(m, wide...).Value(m.ctx())
		m.check(err, v, want, "Value()")
	}, func() {
		ok, err := oneOf(m, wide...).Exists(m.ctx())
		m.check(err, ok, present, "Exists()")
	}, func() {
		if m.chance(8) {
			want, present = 0, false
			m.check(oneOf(m, wide...).Clear(m.ctx()), nil, nil, "Clear()")
		}
	})
	must(t, wide[0].Clear(m.ctx()))
	equal(t, "keys after Clear", r.Raw().Exists(t.Context(), keys.Shard(at, 19)).Val(), int64(0))
}

// shardedCosts counts the round trips on one server and on a cluster of three masters.
func shardedCosts(t *testing.T, r *redistest.Redis) {
	rdb := r.NewClient(t)
	trips := redistest.CountTrips(rdb)
	c := counter.NewSharded(rdb, name(t, r, "c"), 32)
	nodes, clearTrips := 1, 1
	if r.IsCluster() {
		nodes, clearTrips = 3, 32
	}
	must(t, c.Clear(t.Context())) // loads the script
	must(t, rdb.Ping(t.Context()).Err())
	countTrips(t, trips,
		callCost{"Add", 1, 1, func(ctx context.Context) error { return c.Add(ctx, 1) }},
		callCost{"Value", nodes, nodes, func(ctx context.Context) error { return second(c.Value(ctx)) }},
		callCost{"Exists", nodes, nodes, func(ctx context.Context) error { return second(c.Exists(ctx)) }},
		callCost{"Clear", clearTrips, clearTrips + nodes, c.Clear},
	)
}

// shardedRace adds concurrently.
func shardedRace(t *testing.T, r *redistest.Redis) {
	const goroutines, each = 16, 30
	at := name(t, r, "c")
	handles := []*counter.Sharded{counter.NewSharded(r.Client, at, 8), counter.NewSharded(r.NewClient(t), at, 8)}
	concurrently(goroutines, func(i int) {
		for range each {
			if err := handles[i%2].Add(t.Context(), 2); err != nil {
				t.Error(err)
			}
		}
	})
	v, err := handles[0].Value(t.Context())
	equal(t, "Value", results(v, err), results(int64(2*goroutines*each), nil))
	used := 0
	for i := range 8 {
		used += int(r.Raw().Exists(t.Context(), keys.Shard(at, i)).Val())
	}
	if used < 4 { // 480 additions to random shards
		t.Errorf("%d of 8 shards were used", used)
	}
}

// shardedSums has sums at the limits of 64 bits and beyond them.
func shardedSums(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	at := name(t, r, "c")
	c := counter.NewSharded(r.Client, at, 3)
	for _, tt := range []struct {
		shards [3]int64
		sum    int64
		fits   bool
	}{
		{[3]int64{math.MaxInt64, 0, 0}, math.MaxInt64, true},
		{[3]int64{math.MaxInt64 - 5, 2, 3}, math.MaxInt64, true},
		{[3]int64{math.MaxInt64, 1, -1}, math.MaxInt64, true}, // an intermediate sum overflows
		{[3]int64{math.MaxInt64, math.MinInt64, 1}, 0, true},
		{[3]int64{math.MinInt64, 0, 0}, math.MinInt64, true},
		{[3]int64{math.MinInt64, -1, 0}, 0, false},
		{[3]int64{math.MaxInt64, math.MaxInt64, 2}, 0, false},
	} {
		for i, n := range tt.shards {
			must(t, r.Raw().Set(ctx, keys.Shard(at, i), n, 0).Err())
		}
		v, err := c.Value(ctx)
		equal(t, "Value", results(v, err == nil), results(tt.sum, tt.fits))
	}
	if r.Name == "embedded" {
		return // INCRBY of the embedded server wraps around
	}
	full := counter.NewSharded(r.Client, name(t, r, "full"), 1)
	must(t, full.Add(ctx, math.MaxInt64))
	if err := full.Add(ctx, 1); err == nil || errors.Is(err, desir.ErrMaybeRan) {
		t.Errorf("Add beyond 64 bits: error %v", err)
	}
	v, err := full.Value(ctx)
	equal(t, "Value after a refusal", results(v, err), results(int64(math.MaxInt64), nil))
}

// shardedUndecodable has one shard that is not a number, and one of another type.
func shardedUndecodable(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	at := name(t, r, "c")
	c := counter.NewSharded(r.Client, at, 9)
	bad := keys.Shard(at, 5)
	must(t, r.Raw().Set(ctx, bad, marker, 0).Err())
	_, err := c.Value(ctx)
	decode, ok := errors.AsType[*codec.DecodeError](err)
	if !ok || decode.Key != bad {
		t.Errorf("Value: error %v, want a DecodeError at %q", err, bad)
	}
	must(t, r.Raw().Del(ctx, bad).Err())
	must(t, r.Raw().RPush(ctx, bad, "1").Err())
	for range 2 {
		if _, err := c.Value(ctx); !errors.Is(err, desir.ErrWrongType) {
			t.Errorf("Value: error %v, want ErrWrongType", err)
		}
	}
	must(t, c.Clear(ctx))
	v, err := c.Value(ctx)
	equal(t, "Value after Clear", results(v, err), results(int64(0), nil))
}

// shardedShards uses invalid numbers of shards, and checks the keys of shards.
func shardedShards(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	for _, n := range []int{0, -1, 1025, math.MaxInt, math.MinInt} {
		for _, c := range shardedCalls(counter.NewSharded(r.Client, "c", n)) {
			if err := c.Do(ctx); err == nil {
				t.Errorf("%s of %d shards: no error", c.name(), n)
			}
		}
	}
	for _, odd := range []string{"a}b", "{", "{}a{b}", "{tag}c", "\xff"} { // any name is valid
		c := counter.NewSharded(r.Client, r.Key(odd), 12)
		for range 20 {
			must(t, c.Add(ctx, 1))
		}
		v, err := c.Value(ctx)
		equal(t, "Value of "+odd, results(v, err), results(int64(20), nil))
		must(t, c.Clear(ctx))
	}
	slots := map[int]bool{}
	for i := range 32 {
		slots[keys.Slot(keys.Shard(r.Key("hot"), i))] = true
	}
	if len(slots) < 30 {
		t.Errorf("32 shards lie in %d slots", len(slots))
	}
}
