package conformance_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/internal/conformance"
	"github.com/desir-go/desir/internal/redistest"
)

// dump returns all keys of a server with their serialized values.
func dump(t *testing.T, admin *redis.Client) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, key := range admin.Keys(t.Context(), "*").Val() {
		v, err := admin.Dump(t.Context(), key).Result()
		if err != nil {
			t.Fatal(err)
		}
		all[key] = v
	}
	return all
}

// TestAtomicDenied denies a user one command, and puts a write that needs it before, between
// and behind others. Nothing may change.
func TestAtomicDenied(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := redistest.StartServer(t)
	admin := s.Client(t)
	for _, w := range conformance.AtomicWrites() {
		for position := range 3 {
			user := fmt.Sprint(strings.ReplaceAll(w.Name, " ", ""), position)
			if err := admin.Do(ctx, "acl", "setuser", user, "on", ">secret", "~*", "&*", "+@all", "-"+w.Command).Err(); err != nil {
				t.Fatal(err)
			}
			rdb := s.Client(t, func(o *redis.Options) { o.Username, o.Password = user, "secret" })
			before := dump(t, admin)
			err := desir.Atomic(ctx, rdb, w.Around(rdb, position))
			if op, ok := errors.AsType[*desir.OpError](err); !ok || !errors.Is(err, desir.ErrDenied) || errors.Is(err, desir.ErrMaybeRan) {
				t.Errorf("%s without %s at position %d: %v, want ErrDenied", w.Name, w.Command, position, op)
			}
			if after := dump(t, admin); !reflect.DeepEqual(before, after) {
				t.Errorf("%s without %s at position %d is denied, but changed something", w.Name, w.Command, position)
			}
		}
	}
}

// TestAtomicFullMemory runs transactions on a server without memory. None of their writes is
// executed, also not those that need no memory. A transaction that only reads works.
func TestAtomicFullMemory(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := redistest.StartServer(t)
	admin := s.Client(t)
	rdb := s.Client(t)
	m := collections.NewMap[string, string](rdb, "{x}map")
	if err := m.Set(ctx, "k", "v"); err != nil {
		t.Fatal(err)
	}
	if err := admin.ConfigSet(ctx, "maxmemory", "1").Err(); err != nil {
		t.Fatal(err)
	}
	before := dump(t, admin)
	for _, w := range conformance.AtomicWrites() {
		for position := range 3 {
			if err := desir.Atomic(ctx, rdb, w.Around(rdb, position)); !errors.Is(err, desir.ErrOutOfMemory) {
				t.Errorf("%s at position %d: %v; want ErrOutOfMemory", w.Name, position, err)
			}
		}
	}
	if after := dump(t, admin); !reflect.DeepEqual(before, after) {
		t.Error("a transaction without memory changed something")
	}
	if err := desir.Atomic(ctx, rdb, func(tx *desir.Tx) error {
		v, ok, err := m.In(tx).Get(ctx, "k")
		if v != "v" || !ok {
			t.Errorf("Get = %q, %t", v, ok)
		}
		return err
	}); err != nil {
		t.Errorf("a transaction that only reads: %v", err)
	}
}

// TestAtomicLostReply loses the reply of a transfer. The transfer was executed once, its error
// is ErrMaybeRan, and the function does not run again. A caller that repeats the transfer
// nevertheless, as the negative control, changes what was moved.
func TestAtomicLostReply(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := redistest.StartServer(t)
	p := redistest.NewProxy(t, s.Addr)
	rdb := s.Client(t, func(o *redis.Options) { o.Addr, o.ReadTimeout = p.Addr(), 5*time.Second })
	from, to := collections.NewMap[string, int](rdb, "from"), collections.NewMap[string, int](rdb, "to")
	runs := 0
	transfer := func() error {
		return desir.Atomic(ctx, rdb, func(tx *desir.Tx) error {
			runs++
			n, _, err := from.In(tx).Get(ctx, "ada")
			m, _, err2 := to.In(tx).Get(ctx, "ada")
			from.In(tx).Set("ada", n-5)
			to.In(tx).Set("ada", m+5)
			return errors.Join(err, err2)
		})
	}
	moved := func() int {
		n, _, err := to.Get(ctx, "ada")
		m, _, err2 := from.Get(ctx, "ada")
		if err := errors.Join(err, err2); err != nil || n+m != 0 {
			t.Errorf("the sum is %d, %v", n+m, err)
		}
		return n
	}
	if err := transfer(); err != nil { // loads the script
		t.Fatal(err)
	}
	for name, lose := range map[string]func(int, redistest.Match){"reply": p.CutReply, "request": p.CutRequest, "half of the reply": p.HalfReply} {
		before := moved()
		runs = 0
		lose(1, redistest.Command("evalsha"))
		err := transfer()
		got := moved() - before
		want := 5
		if name == "request" {
			want = 0
		}
		if !errors.Is(err, desir.ErrMaybeRan) || errors.Is(err, desir.ErrUnavailable) || runs != 1 || got != want {
			t.Errorf("without the %s: %v, moved %d in %d runs; want ErrMaybeRan and %d in one run", name, err, got, runs, want)
		}
	}
	before := moved()
	lost := 0
	for attempt := range 2 {
		if attempt == 0 {
			p.CutReply(1, redistest.Command("evalsha"))
		}
		if err := transfer(); err != nil {
			lost++
		}
	}
	if got := moved() - before; got != 10 || lost != 1 {
		t.Errorf("a repeated transfer moved %d; the check must see that it is not 5", got)
	}
}

// TestAtomicReadOnlyRetries loses the reply of a transaction that only reads.
func TestAtomicReadOnlyRetries(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := redistest.StartServer(t)
	p := redistest.NewProxy(t, s.Addr)
	rdb := s.Client(t, func(o *redis.Options) { o.Addr = p.Addr() })
	m := collections.NewMap[string, int](rdb, "m")
	for range 2 {
		if err := desir.Atomic(ctx, rdb, func(tx *desir.Tx) error {
			_, _, err := m.In(tx).Get(ctx, "k")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		p.CutReply(1, redistest.Command("evalsha"))
	}
}

// TestAtomicFromReplicas reads by a client that reads from replicas: a transaction reads from
// the master, since a stale read would be a difference in every run.
func TestAtomicFromReplicas(t *testing.T) {
	t.Parallel()
	c := redistest.StartCluster(t, 0)
	rdb := c.Client(t, func(o *redis.ClusterOptions) { o.ReadOnly = true })
	ctx := context.Background()
	m := collections.NewMap[string, string](rdb, "{x}m")
	z := collections.NewSortedSet[string](rdb, "{x}z")
	s := collections.NewSet[string](rdb, "{x}s")
	for range 2 {
		runs := 0
		err := desir.Atomic(ctx, rdb, func(tx *desir.Tx) error {
			runs++
			v, ok, err := m.In(tx).Get(ctx, "k")
			score, found, err2 := z.In(tx).Score(ctx, "k")
			rank, ranked, err3 := z.In(tx).Rank(ctx, "k")
			has, err4 := s.In(tx).Has(ctx, "k")
			if ok != found || ok != ranked || ok != has || ok && (v != "v" || score != 1.5 || rank != 0) {
				t.Errorf("read %q %t, %v %t, %d %t, %t", v, ok, score, found, rank, ranked, has)
			}
			m.In(tx).Set("k", "v")
			z.In(tx).Add("k", 1.5)
			s.In(tx).Add("k")
			return errors.Join(err, err2, err3, err4)
		})
		if err != nil || runs != 1 {
			t.Errorf("Atomic = %v in %d runs", err, runs)
		}
	}
}

// TestAtomicRights gives a user exactly the commands that docs/acl.md lists for transactions,
// and those of the objects.
func TestAtomicRights(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := redistest.StartServer(t)
	admin := s.Client(t)
	allowed := "hello ping eval evalsha type " + // and of the objects:
		"hget hmget hexists hlen hset hdel hgetall sismember smismember scard smembers sadd srem zscore zrank zcard zcount " +
		"zlexcount zrange zadd zrem lindex lrange llen rpush lpush lrem ltrim get set unlink incrby exists pexpire"
	rules := []any{"acl", "setuser", "user", "on", ">secret", "~{x}*"}
	for word := range strings.FieldsSeq(allowed) {
		rules = append(rules, "+"+word)
	}
	if err := admin.Do(ctx, rules...).Err(); err != nil {
		t.Fatal(err)
	}
	rdb := s.Client(t, func(o *redis.Options) { o.Username, o.Password = "user", "secret" })
	for _, w := range conformance.AtomicWrites() {
		if err := desir.Atomic(ctx, rdb, w.Around(rdb, 1)); err != nil {
			t.Errorf("%s: %v", w.Name, err)
		}
	}
	if err := conformance.AtomicReadAll(ctx, rdb); err != nil {
		t.Errorf("reads: %v", err)
	}
}
