package conformance

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/internal/redistest"
)

// atomicRead is a read in a transaction.
type atomicRead struct {
	name string
	do   func(ctx context.Context, o objects, tx *desir.Tx) (any, error)
	want string // what it returns after fill

	// change is a write of another client that changes the reply, and same one that does not
	// change it.
	change, same func(ctx context.Context, o objects, raw client) error
}

// fill stores what the reads of atomicReadCases find.
func (o objects) fill(ctx context.Context, raw client) error {
	return errors.Join(
		raw.HSet(ctx, o.m.Key(), "a", "1", "b", "2").Err(),
		raw.SAdd(ctx, o.s.Key(), "a", "b").Err(),
		raw.ZAdd(ctx, o.z.Key(), redis.Z{Member: "a", Score: 0.1}, redis.Z{Member: "b", Score: 0.3}, redis.Z{Member: "c", Score: math.Inf(1)}).Err(),
		raw.RPush(ctx, o.l.Key(), "a", "b").Err(),
		raw.Set(ctx, o.v.Key(), "v", 0).Err(),
		raw.Set(ctx, o.c.Key(), "7", 0).Err(),
	)
}

func atomicReadCases() []atomicRead {
	hset := func(field, v string) func(context.Context, objects, client) error {
		return func(ctx context.Context, o objects, raw client) error {
			return raw.HSet(ctx, o.m.Key(), field, v).Err()
		}
	}
	sadd := func(m string) func(context.Context, objects, client) error {
		return func(ctx context.Context, o objects, raw client) error { return raw.SAdd(ctx, o.s.Key(), m).Err() }
	}
	zadd := func(m string, score float64) func(context.Context, objects, client) error {
		return func(ctx context.Context, o objects, raw client) error {
			return raw.ZAdd(ctx, o.z.Key(), redis.Z{Member: m, Score: score}).Err()
		}
	}
	rpush := func(ctx context.Context, o objects, raw client) error { return raw.RPush(ctx, o.l.Key(), "c").Err() }
	lset := func(ctx context.Context, o objects, raw client) error { return raw.LSet(ctx, o.l.Key(), 0, "z").Err() }
	set := func(ctx context.Context, o objects, raw client) error { return raw.Set(ctx, o.v.Key(), "w", 0).Err() }
	expire := func(ctx context.Context, o objects, raw client) error {
		return raw.PExpire(ctx, o.v.Key(), 1<<40).Err()
	}
	return []atomicRead{
		{"Map.Get", func(ctx context.Context, o objects, tx *desir.Tx) (any, error) {
			return results3(o.m.In(tx).Get(ctx, "a"))
		}, "[1 true]", hset("a", "3"), hset("b", "3")},
		{"Map.Get of nothing", func(ctx context.Context, o objects, tx *desir.Tx) (any, error) {
			return results3(o.m.In(tx).Get(ctx, "none"))
		}, "[ false]", hset("none", ""), hset("b", "3")},
		{"Map.GetMany", func(ctx context.Context, o objects, tx *desir.Tx) (any, error) {
			return o.m.In(tx).GetMany(ctx, "none", "b", "a")
		}, "map[a:1 b:2]", hset("none", ""), hset("c", "3")},
		{"Map.Has", func(ctx context.Context, o objects, tx *desir.Tx) (any, error) {
			return o.m.In(tx).Has(ctx, "none")
		}, "false", hset("none", ""), hset("a", "3")},
		{"Map.Len", func(ctx context.Context, o objects, tx *desir.Tx) (any, error) { return o.m.In(tx).Len(ctx) }, "2", hset("c", ""), hset("a", "3")},
		{"Map.Snapshot", func(ctx context.Context, o objects, tx *desir.Tx) (any, error) {
			return o.m.In(tx).Snapshot(ctx)
		}, "map[a:1 b:2]", hset("c", ""), func(ctx context.Context, o objects, raw client) error {
			return errors.Join(raw.Del(ctx, o.m.Key()).Err(), raw.HSet(ctx, o.m.Key(), "b", "2", "a", "1").Err())
		}},
		{"Set.Has", func(ctx context.Context, o objects, tx *desir.Tx) (any, error) {
			return o.s.In(tx).Has(ctx, "c")
		}, "false", sadd("c"), sadd("d")},
		{"Set.HasMany", func(ctx context.Context, o objects, tx *desir.Tx) (any, error) {
			return o.s.In(tx).HasMany(ctx, "a", "c")
		}, "[true false]", sadd("c"), sadd("d")},
		{"Set.Len", func(ctx context.Context, o objects, tx *desir.Tx) (any, error) { return o.s.In(tx).Len(ctx) }, "2", sadd("c"), sadd("a")},
		{"Set.Snapshot", func(ctx context.Context, o objects, tx *desir.Tx) (any, error) {
			ms, err := o.s.In(tx).Snapshot(ctx)
			slices.Sort(ms)
			return ms, err
		}, "[a b]", sadd("phantom"), regrown},
		{"SortedSet.Score", func(ctx context.Context, o objects, tx *desir.Tx) (any, error) {
			return results3(o.z.In(tx).Score(ctx, "a"))
		}, "[0.1 true]", zadd("a", 0.2), zadd("b", 0.2)},
		{"SortedSet.Score of infinity", func(ctx context.Context, o objects, tx *desir.Tx) (any, error) {
			return results3(o.z.In(tx).Score(ctx, "c"))
		}, "[+Inf true]", zadd("c", math.Inf(-1)), zadd("b", 0.2)},
		{"SortedSet.Score of nothing", func(ctx context.Context, o objects, tx *desir.Tx) (any, error) {
			return results3(o.z.In(tx).Score(ctx, "none"))
		}, "[0 false]", zadd("none", 0), zadd("b", 0.2)},
		{"SortedSet.Rank", func(ctx context.Context, o objects, tx *desir.Tx) (any, error) {
			return results3(o.z.In(tx).Rank(ctx, "b"))
		}, "[1 true]", zadd("d", 0), zadd("d", 1)},
		{"SortedSet.Len", func(ctx context.Context, o objects, tx *desir.Tx) (any, error) { return o.z.In(tx).Len(ctx) }, "3", zadd("d", 0), zadd("a", 0)},
		{"SortedSet.Range", func(ctx context.Context, o objects, tx *desir.Tx) (any, error) {
			return o.z.In(tx).Range(ctx, collections.ByScore(0.05, 0.5).Reverse().Limit(2))
		}, "[{b 0.3} {a 0.1}]", zadd("d", 0.2), zadd("d", 0.01)},
		{"SortedSet.Range of ranks", func(ctx context.Context, o objects, tx *desir.Tx) (any, error) {
			return o.z.In(tx).Range(ctx, collections.ByRank(-1, -1))
		}, "[{c +Inf}]", zadd("d", math.Inf(1)), zadd("d", 0)},
		{"List.At", func(ctx context.Context, o objects, tx *desir.Tx) (any, error) {
			return results3(o.l.In(tx).At(ctx, 0))
		}, "[a true]", lset, rpush},
		{"List.Slice", func(ctx context.Context, o objects, tx *desir.Tx) (any, error) {
			return o.l.In(tx).Slice(ctx, 0, 2)
		}, "[a b]", lset, rpush},
		{"List.Slice of all", func(ctx context.Context, o objects, tx *desir.Tx) (any, error) {
			return o.l.In(tx).Slice(ctx, -2, -1)
		}, "[a b]", rpush, expire},
		{"List.Len", func(ctx context.Context, o objects, tx *desir.Tx) (any, error) { return o.l.In(tx).Len(ctx) }, "2", rpush, lset},
		{"Value.Get", func(ctx context.Context, o objects, tx *desir.Tx) (any, error) { return results3(o.v.In(tx).Get(ctx)) }, "[v true]", set, expire},
		{
			"Counter.Value", func(ctx context.Context, o objects, tx *desir.Tx) (any, error) { return o.c.In(tx).Value(ctx) }, "7",
			func(ctx context.Context, o objects, raw client) error { return raw.Incr(ctx, o.c.Key()).Err() }, set,
		},
		{"Counter.Value of nothing", func(ctx context.Context, o objects, tx *desir.Tx) (any, error) {
			return o.from.In(tx).Value(ctx)
		}, "10", func(ctx context.Context, o objects, raw client) error { return raw.Set(ctx, o.from.Key(), 10, 0).Err() }, set},
	}
}

// AtomicReadAll makes every read in one transaction.
func AtomicReadAll(ctx context.Context, rdb client) error {
	o := newObjects(rdb, func(of string) string { return "{x}" + of })
	return desir.Atomic(ctx, rdb, func(tx *desir.Tx) (err error) {
		for _, c := range atomicReadCases() {
			_, failed := c.do(ctx, o, tx)
			err = errors.Join(err, failed)
		}
		return err
	})
}

// regrown changes the order in which the server returns the members of a set, and not the set.
func regrown(ctx context.Context, o objects, raw client) error {
	var more []any
	for i := range 600 {
		more = append(more, fmt.Sprint("more ", i))
	}
	return errors.Join(
		raw.Del(ctx, o.s.Key()).Err(),
		raw.SAdd(ctx, o.s.Key(), "b").Err(),
		raw.SAdd(ctx, o.s.Key(), more...).Err(),
		raw.SAdd(ctx, o.s.Key(), "a").Err(),
		raw.SRem(ctx, o.s.Key(), more...).Err())
}

func results3[A, B any](a A, b B, err error) (any, error) { return []any{a, b}, err }

// atomicReads checks what each read returns, with both protocols.
func atomicReads(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	for i, rdb := range []client{r.Client, otherProtocolClient(t, r)} {
		o := atomicObjects(t, r, rdb)
		if i == 0 {
			must(t, o.fill(ctx, r.Raw()))
		}
		for _, c := range atomicReadCases() {
			runs := 0
			must(t, desir.Atomic(ctx, rdb, func(tx *desir.Tx) error {
				runs++
				got, err := c.do(ctx, o, tx)
				if fmt.Sprint(got) != c.want || err != nil {
					t.Errorf("%s = %v, %v; want %s", c.name, got, err, c.want)
				}
				return nil
			}))
			if runs != 1 {
				t.Errorf("%s: %d runs without another writer", c.name, runs)
			}
		}
	}
}

// atomicDifferences changes what was read between the read and the end of the function. The
// function must run again, and nothing of its first run may be written.
func atomicDifferences(t *testing.T, r *redistest.Redis) {
	for _, c := range atomicReadCases() {
		runs := raceOnce(t, r, c, c.change)
		if runs != 2 {
			t.Errorf("%s: %d runs; want 2", c.name, runs)
		}
	}
}

// atomicNoDifferences makes changes that the reads cannot see: of something else, in another
// order, and from A to B and back.
func atomicNoDifferences(t *testing.T, r *redistest.Redis) {
	for _, c := range atomicReadCases() {
		if runs := raceOnce(t, r, c, c.same); runs != 1 {
			t.Errorf("%s: %d runs; want 1", c.name, runs)
		}
		back := func(ctx context.Context, o objects, raw client) error {
			err := c.change(ctx, o, raw)
			for _, key := range ownKeys(t, r) {
				err = errors.Join(err, raw.Del(ctx, key).Err())
			}
			return errors.Join(err, o.fill(ctx, raw))
		}
		if runs := raceOnce(t, r, c, back); runs != 1 {
			t.Errorf("%s: %d runs after a change from A to B and back; want 1", c.name, runs)
		}
	}
}

// raceOnce runs a transaction with a read and a write, and another writer after its first read.
// It returns how often the function ran, and checks that only its last run was written.
func raceOnce(t *testing.T, r *redistest.Redis, c atomicRead, race func(context.Context, objects, client) error) (runs int) {
	t.Helper()
	ctx := t.Context()
	o := atomicObjects(t, r, r.Client)
	for _, key := range ownKeys(t, r) {
		must(t, r.Raw().Del(ctx, key).Err())
	}
	must(t, o.fill(ctx, r.Raw()))
	log := collections.NewList[int](r.Client, tagged(t, r, "log"))
	must(t, desir.Atomic(ctx, r.Client, func(tx *desir.Tx) error {
		runs++
		if _, err := c.do(ctx, o, tx); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if runs == 1 {
			must(t, race(ctx, o, r.Raw()))
		}
		log.In(tx).PushBack(runs)
		return nil
	}))
	written, err := log.Slice(ctx, 0, -1)
	if err != nil || !slices.Equal(written, []int{runs}) {
		t.Errorf("%s: %d runs wrote %v, %v", c.name, runs, written, err)
	}
	return runs
}

// atomicConflict changes what was read in every run.
func atomicConflict(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	o := atomicObjects(t, r, r.Client)
	runs := 0
	short, cancel := context.WithCancel(ctx)
	defer cancel()
	err := desir.Atomic(short, r.Client, func(tx *desir.Tx) error {
		if runs++; runs == 3 {
			cancel()
		}
		_, _, err := o.v.In(tx).Get(ctx)
		must(t, r.Raw().Set(ctx, o.v.Key(), runs, 0).Err())
		o.s.In(tx).Add("m")
		return err
	})
	if !errors.Is(err, context.Canceled) || !errors.Is(err, desir.ErrUnavailable) || runs != 3 {
		t.Errorf("canceled in run %d of 3: %v; want Canceled and ErrUnavailable", runs, err)
	}
	// Another type at the key is a difference, too. The next run's read fails.
	runs = 0
	err = desir.Atomic(ctx, r.Client, func(tx *desir.Tx) error {
		runs++
		_, _, err := o.v.In(tx).Get(ctx)
		if runs == 1 {
			must(t, r.Raw().Del(ctx, o.v.Key()).Err())
			must(t, r.Raw().SAdd(ctx, o.v.Key(), "m").Err())
		}
		o.s.In(tx).Add("m")
		return err
	})
	if !errors.Is(err, desir.ErrWrongType) || runs != 2 {
		t.Errorf("another type: %v in run %d; want ErrWrongType in run 2", err, runs)
	}
	if n := r.Raw().Exists(ctx, o.s.Key()).Val(); n != 0 {
		t.Error("a transaction with a conflict has written")
	}
}

// atomicBounds reads and writes more than a transaction may.
func atomicBounds(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	o := atomicObjects(t, r, r.Client)
	long := string(make([]byte, 200<<10))
	many := make([]string, 4001)
	for i := range many {
		many[i] = fmt.Sprint(i)
	}
	_, err := o.s.Add(ctx, many[:1001]...)
	must(t, err)
	_, err = o.l.PushBack(ctx, many[:1001]...)
	must(t, err)
	for _, m := range many[:1001] {
		must(t, second(o.z.Add(ctx, m, 0)))
		must(t, o.m.Set(ctx, m, "v"))
	}
	must(t, o.v.Set(ctx, long+long))
	for what, read := range map[string]func(tx *desir.Tx) error{
		"Set.Snapshot":    func(tx *desir.Tx) error { return second(o.s.In(tx).Snapshot(ctx)) },
		"Map.Snapshot":    func(tx *desir.Tx) error { return second(o.m.In(tx).Snapshot(ctx)) },
		"Map.GetMany":     func(tx *desir.Tx) error { return second(o.m.In(tx).GetMany(ctx, many[:1001]...)) },
		"List.Slice":      func(tx *desir.Tx) error { return second(o.l.In(tx).Slice(ctx, -1001, -1)) },
		"SortedSet.Range": func(tx *desir.Tx) error { return second(o.z.In(tx).Range(ctx, collections.ByLex("", ""))) },
		"Value.Get":       func(tx *desir.Tx) error { return third(o.v.In(tx).Get(ctx)) },
	} {
		if err := desir.Atomic(ctx, r.Client, read); !errors.Is(err, codec.ErrTooLarge) {
			t.Errorf("%s: %v; want ErrTooLarge", what, err)
		}
	}
	_, err = o.s.Remove(ctx, many[0])
	must(t, err)
	must(t, o.m.Set(ctx, "0", long))
	must(t, o.m.Set(ctx, "1", long))
	must(t, desir.Atomic(ctx, r.Client, func(tx *desir.Tx) error {
		ms, err := o.s.In(tx).Snapshot(ctx)
		if len(ms) != 1000 || err != nil {
			t.Errorf("Snapshot of 1000 members: %d, %v", len(ms), err)
		}
		got, ok, err := o.m.In(tx).Get(ctx, "0")
		if got != long || !ok || err != nil {
			t.Errorf("Get of 200 KiB: %d bytes, %t, %v", len(got), ok, err)
		}
		if _, err := o.m.In(tx).GetMany(ctx, "0", "1"); !errors.Is(err, codec.ErrTooLarge) {
			t.Errorf("GetMany of 400 KiB: %v; want ErrTooLarge", err)
		}
		return nil
	}))
	before := snapshot(t, r)
	for what, write := range map[string]func(tx *desir.Tx){
		"4001 members": func(tx *desir.Tx) { o.s.In(tx).Add(many...) },
		"all together": func(tx *desir.Tx) {
			for range 17 {
				o.l.In(tx).PushBack(many[:3990]...)
			}
		},
	} {
		err := desir.Atomic(ctx, r.Client, func(tx *desir.Tx) error {
			o.c.In(tx).Add(1)
			write(tx)
			o.c.In(tx).Add(1)
			return nil
		})
		if _, ok := errors.AsType[*desir.OpError](err); !ok || !errors.Is(err, codec.ErrTooLarge) {
			t.Errorf("%s: %v; want ErrTooLarge", what, err)
		}
	}
	equal(t, "after what is too large", snapshot(t, r), before)
	must(t, desir.Atomic(ctx, r.Client, func(tx *desir.Tx) error {
		o.s.In(tx).Add(many[:3990]...)
		return nil
	}))
}

// ownKeys returns the keys of this part of the suite.
func ownKeys(t *testing.T, r *redistest.Redis) []string {
	t.Helper()
	return slices.DeleteFunc(r.Keys(t), func(key string) bool { return !strings.Contains(key, t.Name()+"/") })
}

// snapshot returns the contents of all keys of this part of the suite.
func snapshot(t *testing.T, r *redistest.Redis) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, key := range ownKeys(t, r) {
		all[key] = contents(t, r.Raw(), key)
	}
	return all
}
