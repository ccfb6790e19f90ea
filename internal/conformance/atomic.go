package conformance

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/counter"
	"github.com/desir-go/desir/internal/redistest"
)

// Atomic tests desir.Atomic on a backend.
func Atomic(t *testing.T, r *redistest.Redis) {
	run(t, r,
		part{"Writes", atomicWrites},
		part{"Reads", atomicReads},
		part{"Differences", atomicDifferences},
		part{"NoDifferences", atomicNoDifferences},
		part{"Conflict", atomicConflict},
		part{"Refusals", atomicRefusals},
		part{"Simulated", atomicSimulated},
		part{"Bounds", atomicBounds},
		part{"Leases", atomicLeases},
		part{"Misuse", atomicMisuse},
		part{"OwnErrors", atomicOwnErrors},
		part{"Ends", atomicEnds},
		part{"Slots", atomicSlots},
		part{"Costs", atomicCosts},
		part{"Transfers", atomicTransfers},
		part{"Wakes", atomicWakes},
		failures(atomicSubject()),
		costs(atomicSubject()),
	)
}

// objects has an object of each type that can be in a transaction.
type objects struct {
	m       *collections.Map[string, string]
	s       *collections.Set[string]
	z       *collections.SortedSet[string]
	l, ring *collections.List[string]
	v       *collections.Value[string]
	c, from *counter.Counter // from has a Start
	ch      *channel.Chan[string]
	bounded *channel.Chan[string]
}

func newObjects(rdb client, name func(string) string) objects {
	return objects{
		m:       collections.NewMap[string, string](rdb, name("map")),
		s:       collections.NewSet[string](rdb, name("set")),
		z:       collections.NewSortedSet[string](rdb, name("sorted")),
		l:       collections.NewList[string](rdb, name("list")),
		ring:    collections.NewList[string](rdb, name("ring"), collections.MaxLen(2)),
		v:       collections.NewValue[string](rdb, name("value")),
		c:       counter.New(rdb, name("counter")),
		from:    counter.New(rdb, name("from"), counter.Start(10)),
		ch:      channel.NewChan[string](rdb, name("chan")),
		bounded: channel.NewChan[string](rdb, name("bounded"), channel.Buffer(2)),
	}
}

// atomicObjects returns objects in one slot.
func atomicObjects(t *testing.T, r *redistest.Redis, rdb client) objects {
	t.Helper()
	return newObjects(rdb, func(of string) string { return tagged(t, r, of) })
}

// atomicSubject has transactions as calls. Their reads would fail with errors of their own.
func atomicSubject() Subject {
	type plain = collections.Map[string, string]
	atomic := func(what string, rdb client, write func(tx *desir.Tx)) Call {
		return writes("Atomic", "evalsha", func(ctx context.Context) error {
			return desir.Atomic(ctx, rdb, func(tx *desir.Tx) error {
				write(tx)
				return nil
			})
		}).named(what)
	}
	return Subject{
		Name: "Atomic", Type: "desir", Kind: "hash", Keyless: true,
		Calls: func(rdb client, name string) []Call {
			m := collections.NewMap[string, string](rdb, name)
			o := newObjects(rdb, func(of string) string { return name + ":" + of })
			return []Call{
				atomic("of a map", rdb, func(tx *desir.Tx) { m.In(tx).Set("k", "new "+marker) }),
				atomic("of a key", rdb, func(tx *desir.Tx) { m.In(tx).Delete("k") }),
				atomic("of all types", rdb, func(tx *desir.Tx) {
					m.In(tx).Set("n", marker)
					for _, w := range atomicKinds() {
						w.do(o, tx)
					}
				}),
			}
		},
		Fill: func(ctx context.Context, raw client, name string) error {
			return errors.Join(raw.Del(ctx, name+":bounded").Err(), raw.HSet(ctx, name, "k", marker, "l", "2").Err())
		},
		Zero: func() []Call {
			rdb := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"}) // nothing is sent
			return []Call{
				atomic("of a map", rdb, func(tx *desir.Tx) { new(plain).In(tx).Set("k", "v") }),
				atomic("of a set", rdb, func(tx *desir.Tx) { new(collections.Set[string]).In(tx).Remove("k") }),
				atomic("of a sorted set", rdb, func(tx *desir.Tx) { new(collections.SortedSet[string]).In(tx).Add("k", 1) }),
				atomic("of a list", rdb, func(tx *desir.Tx) { new(collections.List[string]).In(tx).Trim(0, 0) }),
				atomic("of a value", rdb, func(tx *desir.Tx) { new(collections.Value[string]).In(tx).Delete() }),
				atomic("of a counter", rdb, func(tx *desir.Tx) { new(counter.Counter).In(tx).Add(1) }),
				atomic("of a channel", rdb, func(tx *desir.Tx) { new(channel.Chan[string]).In(tx).Send("v") }),
			}
		},
		Unencodable: []func(client, string) []Call{func(rdb client, name string) []Call {
			return []Call{
				atomic("of a value", rdb, func(tx *desir.Tx) { collections.NewMap[string, chan int](rdb, name).In(tx).Set("k", nil) }),
				atomic("of a key", rdb, func(tx *desir.Tx) { collections.NewMap[float64, string](rdb, name).In(tx).Delete(1) }),
				atomic("of a member", rdb, func(tx *desir.Tx) { collections.NewSet[*int](rdb, name).In(tx).Add(nil) }),
				atomic("of an element", rdb, func(tx *desir.Tx) { collections.NewList[func()](rdb, name).In(tx).PushBack(nil) }),
				atomic("of a message", rdb, func(tx *desir.Tx) { channel.NewChan[func()](rdb, name).In(tx).Send(nil) }),
			}
		}},
	}
}

// atomicKind is a write in a transaction, each of another kind.
type atomicKind struct {
	name    string
	kind    string // Redis type of the key; "" if the write replaces any type
	command string // what it executes at the key
	key     func(o objects) string
	do      func(o objects, tx *desir.Tx)
}

// atomicKinds returns all writes.
func atomicKinds() []atomicKind {
	m := func(o objects) string { return o.m.Key() }
	s := func(o objects) string { return o.s.Key() }
	z := func(o objects) string { return o.z.Key() }
	l := func(o objects) string { return o.l.Key() }
	ring := func(o objects) string { return o.ring.Key() }
	v := func(o objects) string { return o.v.Key() }
	c := func(o objects) string { return o.c.Key() }
	from := func(o objects) string { return o.from.Key() }
	ch := func(o objects) string { return o.ch.Key() }
	bounded := func(o objects) string { return o.bounded.Key() }
	return []atomicKind{
		{"Map.Set", "hash", "hset", m, func(o objects, tx *desir.Tx) { o.m.In(tx).Set("k", marker) }},
		{"Map.Delete", "hash", "hdel", m, func(o objects, tx *desir.Tx) { o.m.In(tx).Delete("k", "l") }},
		{"Set.Add", "set", "sadd", s, func(o objects, tx *desir.Tx) { o.s.In(tx).Add(marker, "m") }},
		{"Set.Remove", "set", "srem", s, func(o objects, tx *desir.Tx) { o.s.In(tx).Remove("m") }},
		{"SortedSet.Add", "zset", "zadd", z, func(o objects, tx *desir.Tx) { o.z.In(tx).Add(marker, 0.1) }},
		{"SortedSet.Remove", "zset", "zrem", z, func(o objects, tx *desir.Tx) { o.z.In(tx).Remove("m") }},
		{"List.PushBack", "list", "rpush", l, func(o objects, tx *desir.Tx) { o.l.In(tx).PushBack(marker, "b", "c") }},
		{"List.PushFront", "list", "lpush", l, func(o objects, tx *desir.Tx) { o.l.In(tx).PushFront("a") }},
		{"List.Remove", "list", "lrem", l, func(o objects, tx *desir.Tx) { o.l.In(tx).Remove("b", 0) }},
		{"List.Trim", "list", "ltrim", l, func(o objects, tx *desir.Tx) { o.l.In(tx).Trim(0, 3) }},
		{"Ring.PushBack", "list", "rpush", ring, func(o objects, tx *desir.Tx) { o.ring.In(tx).PushBack("a", "b", "c") }},
		{"Ring.PushFront", "list", "lpush", ring, func(o objects, tx *desir.Tx) { o.ring.In(tx).PushFront(marker) }},
		{"Value.Set", "", "set", v, func(o objects, tx *desir.Tx) { o.v.In(tx).Set(marker) }},
		{"Value.Delete", "", "unlink", v, func(o objects, tx *desir.Tx) { o.v.In(tx).Delete() }},
		{"Value.SetTTL", "", "set", v, func(o objects, tx *desir.Tx) { o.v.In(tx).SetTTL(marker, time.Hour) }},
		{"Counter.Set", "", "set", c, func(o objects, tx *desir.Tx) { o.c.In(tx).Set(5) }},
		{"Counter.Add", "string", "incrby", c, func(o objects, tx *desir.Tx) { o.c.In(tx).Add(-7) }},
		{"CounterStart.Add", "string", "incrby", from, func(o objects, tx *desir.Tx) { o.from.In(tx).Add(3) }},
		{"Chan.Send", "list", "rpush", ch, func(o objects, tx *desir.Tx) { o.ch.In(tx).Send(marker) }},
		{"BoundedChan.Send", "list", "rpush", bounded, func(o objects, tx *desir.Tx) { o.bounded.In(tx).Send(marker) }},
	}
}

// atomicWrites executes each write alone, and all together.
func atomicWrites(t *testing.T, r *redistest.Redis) {
	o := atomicObjects(t, r, r.Client)
	ctx := t.Context()
	for _, w := range atomicKinds() {
		must(t, desir.Atomic(ctx, r.Client, func(tx *desir.Tx) error {
			w.do(o, tx)
			return nil
		}))
	}
	checkWritten(t, r, o)
	for _, key := range ownKeys(t, r) {
		must(t, r.Raw().Del(ctx, key).Err())
	}
	must(t, desir.Atomic(ctx, r.Client, func(tx *desir.Tx) error {
		for _, w := range atomicKinds() {
			w.do(o, tx)
		}
		return nil
	}))
	checkWritten(t, r, o)
}

// checkWritten checks the result of all writes of atomicKinds, in their order.
func checkWritten(t *testing.T, r *redistest.Redis, o objects) {
	t.Helper()
	for key, want := range map[string]string{
		o.m.Key():       "none [], expires: false",
		o.s.Key():       `set ["` + marker + `"], expires: false`,
		o.z.Key():       `zset "[{0.1 ` + marker + `}]", expires: false`,
		o.l.Key():       `list ["a" "` + marker + `" "c"], expires: false`,
		o.ring.Key():    `list ["` + marker + `" "b"], expires: false`,
		o.v.Key():       `string "` + marker + `", expires: true`,
		o.c.Key():       `string "-2", expires: false`,
		o.from.Key():    `string "13", expires: false`,
		o.ch.Key():      `list ["` + marker + `"], expires: false`,
		o.bounded.Key(): `list ["` + marker + `"], expires: false`,
	} {
		if got := contents(t, r.Raw(), key); got != want && !(key == o.m.Key() && got[:4] == "none") {
			t.Errorf("%s holds %s; want %s", key, got, want)
		}
	}
}

// AtomicWrite is a write in a transaction, for tests with servers of their own.
type AtomicWrite struct {
	Name, Command string // and the command that it executes
	do            func(o objects, tx *desir.Tx)
}

// AtomicWrites returns a write of each kind.
func AtomicWrites() (all []AtomicWrite) {
	for _, w := range atomicKinds() {
		all = append(all, AtomicWrite{w.name, w.command, w.do})
	}
	return all
}

// Around returns the function of a transaction with the write before, between or behind two
// others.
func (w AtomicWrite) Around(rdb client, position int) func(tx *desir.Tx) error {
	o := newObjects(rdb, func(of string) string { return "{x}" + of })
	return func(tx *desir.Tx) error {
		others := []func(){
			func() { collections.NewMap[string, string](rdb, "{x}other").In(tx).Set("written", "v") },
			func() { collections.NewSet[string](rdb, "{x}others").In(tx).Add("written") },
		}
		for i := range 3 {
			if i == position {
				w.do(o, tx)
			} else {
				others[0]()
				others = others[1:]
			}
		}
		return nil
	}
}
