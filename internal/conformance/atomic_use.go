package conformance

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/counter"
	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/lock"
)

func containsText(err error, text string) bool { return strings.Contains(fmt.Sprint(err), text) }

// atomicLeases requires leases that are held, and leases that were lost after the read.
func atomicLeases(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	o := atomicObjects(t, r, r.Client)
	m, other := lock.NewMutex(r.Client, tagged(t, r, "m")), lock.NewMutex(r.Client, tagged(t, r, "other"))
	lose := map[string]func(l *lock.Lease) error{
		"":           func(*lock.Lease) error { return nil },
		"broken":     func(*lock.Lease) error { return second(m.Break(ctx, lock.Force())) },
		"to give up": func(*lock.Lease) error { return second(m.Break(ctx)) },
		"released":   func(l *lock.Lease) error { return l.Unlock(ctx) },
		"taken by another": func(l *lock.Lease) error {
			return errors.Join(l.Unlock(ctx), third(lock.NewMutex(otherProtocolClient(t, r), tagged(t, r, "m")).TryLock(ctx)))
		},
		"at its end": func(*lock.Lease) error {
			return r.Raw().ZAddXX(ctx, m.Key(), zOf(r.Raw().ZRange(ctx, m.Key(), 0, 0).Val()[0], time.Now().UnixMilli()-1)).Err()
		},
		"deleted": func(*lock.Lease) error { return r.Raw().Del(ctx, m.Key()).Err() },
	}
	for what, f := range lose {
		for _, lockAll := range []func() (*lock.Lease, error){
			func() (*lock.Lease, error) { return m.Lock(ctx) },
			func() (*lock.Lease, error) { return lock.All(ctx, m, other) },
		} {
			for _, key := range ownKeys(t, r) {
				must(t, r.Raw().Del(ctx, key).Err())
			}
			l, err := lockAll()
			must(t, err)
			runs := 0
			err = desir.Atomic(ctx, r.Client, func(tx *desir.Tx) error {
				runs++
				tx.Require(l)
				_, _, err := o.v.In(tx).Get(ctx)
				must(t, f(l))
				o.s.In(tx).Add("m")
				return err
			})
			held := what == ""
			if op, ok := errors.AsType[*desir.OpError](err); errors.Is(err, desir.ErrLost) == held || ok && op.Key != m.Key() && op.Key != other.Key() || held && err != nil {
				t.Errorf("a lease that is %s: %v", what, err)
			}
			if n := r.Raw().Exists(ctx, o.s.Key()).Val(); runs != 1 || n == 1 != held {
				t.Errorf("a lease that is %s: %d runs; written: %t", what, runs, n == 1)
			}
			_ = l.Unlock(ctx) // most are lost
		}
	}
	// A transaction that only reads requires it too.
	l, err := m.Lock(ctx)
	must(t, err)
	read := func(tx *desir.Tx) error {
		tx.Require(l)
		return third(o.v.In(tx).Get(ctx))
	}
	must(t, desir.Atomic(ctx, r.Client, read))
	must(t, l.Unlock(ctx))
	if err := desir.Atomic(ctx, r.Client, read); !errors.Is(err, desir.ErrLost) {
		t.Errorf("a read with a lost lease: %v", err)
	}
}

// atomicMisuse uses transactions in ways that cannot work.
func atomicMisuse(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	o := atomicObjects(t, r, r.Client)
	foreign := atomicObjects(t, r, r.NewClient(t))
	foreignLock := lock.NewMutex(r.NewClient(t), tagged(t, r, "m"))
	l, err := foreignLock.Lock(ctx)
	must(t, err)
	defer func() { must(t, l.Unlock(ctx)) }()
	before := snapshot(t, r)
	var none *lock.Lease
	for what, f := range map[string]func(tx *desir.Tx) error{
		"a write of another client": func(tx *desir.Tx) error { foreign.v.In(tx).Set("x"); return nil },
		"a read of another client":  func(tx *desir.Tx) error { return third(foreign.v.In(tx).Get(ctx)) },
		"a lease of another client": func(tx *desir.Tx) error { tx.Require(l); return nil },
		"no lease":                  func(tx *desir.Tx) error { tx.Require(nil); return nil },
		"a nil lease":               func(tx *desir.Tx) error { tx.Require(none); return nil },
		"a nil Tx":                  func(*desir.Tx) error { return third(o.v.In(nil).Get(ctx)) },
		"a Tx that is zero":         func(*desir.Tx) error { return second(o.c.In(new(desir.Tx)).Value(ctx)) },
		"a MapTx that is zero": func(*desir.Tx) error {
			return second(collections.MapTx[string, string]{}.Len(ctx))
		},
		"a CounterTx that is zero": func(*desir.Tx) error { return second(counter.CounterTx{}.Value(ctx)) },
	} {
		err := desir.Atomic(ctx, r.Client, func(tx *desir.Tx) error {
			o.s.In(tx).Add("m")
			return f(tx)
		})
		if op, ok := errors.AsType[*desir.OpError](err); !ok || !errors.Is(err, desir.ErrNotSupported) {
			t.Errorf("%s: %v; want an OpError with ErrNotSupported, not %v", what, err, op)
		}
	}
	// These have no effect, and are logged.
	o.v.In(nil).Set("x")
	channel.ChanTx[string]{}.Send("x")
	(*desir.Tx)(nil).Require(l)
	for what, read := range map[string]func(tx *desir.Tx) error{
		"a write and a read":  func(tx *desir.Tx) error { return third(o.v.In(tx).Get(ctx)) },
		"a write and a Score": func(tx *desir.Tx) error { return third(o.z.In(tx).Score(ctx, "m")) },
		"a write and a walk":  func(tx *desir.Tx) error { return second(o.l.In(tx).Slice(ctx, 0, 1)) },
	} {
		err := desir.Atomic(ctx, r.Client, func(tx *desir.Tx) error {
			o.v.In(tx).Set("x")
			o.z.In(tx).Add("m", 1)
			o.l.In(tx).PushBack("v")
			return read(tx)
		})
		if !containsText(err, "queued a write") {
			t.Errorf("%s of one key: %v", what, err)
		}
	}
	if err := desir.Atomic(ctx, nil, func(*desir.Tx) error { return nil }); !errors.Is(err, desir.ErrNotSupported) {
		t.Errorf("a nil client: %v", err)
	}
	equal(t, "after misuse", snapshot(t, r), before)
}

// atomicOwnErrors returns errors and panics from the function.
func atomicOwnErrors(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	rdb := r.NewClient(t)
	trips := redistest.CountTrips(rdb)
	o := atomicObjects(t, r, rdb)
	own := errors.New("own")
	if err := desir.Atomic(ctx, rdb, func(tx *desir.Tx) error {
		o.v.In(tx).Set("x")
		return own
	}); err != own {
		t.Errorf("Atomic = %v; want the function's own error", err)
	}
	func() {
		defer func() {
			if p := recover(); p != own {
				t.Errorf("panic of %v; want the function's own", p)
			}
		}()
		_ = desir.Atomic(ctx, rdb, func(tx *desir.Tx) error {
			o.v.In(tx).Set("x")
			panic(own)
		})
	}()
	must(t, desir.Atomic(ctx, rdb, func(tx *desir.Tx) error { // nothing to do
		o.s.In(tx).Add()
		o.m.In(tx).Delete()
		o.l.In(tx).PushBack()
		return nil
	}))
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if err := desir.Atomic(ended, rdb, func(tx *desir.Tx) error {
		o.v.In(tx).Set("x")
		return nil
	}); !errors.Is(err, context.Canceled) || !errors.Is(err, desir.ErrUnavailable) {
		t.Errorf("with an ended context: %v", err)
	}
	if n := trips.Count(); n != 0 {
		t.Errorf("%d round trips %q; want none", n, trips.Commands())
	}
}

// atomicEnds uses a Tx after its function, from several goroutines, and inside of another.
func atomicEnds(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	o := atomicObjects(t, r, r.Client)
	var kept *desir.Tx
	must(t, desir.Atomic(ctx, r.Client, func(tx *desir.Tx) error {
		kept = tx
		return nil
	}))
	o.v.In(kept).Set("late")
	if _, _, err := o.v.In(kept).Get(ctx); !containsText(err, "returned") {
		t.Errorf("a read after the function: %v", err)
	}
	if n := r.Raw().Exists(ctx, o.v.Key()).Val(); n != 0 {
		t.Error("a write after the function was executed")
	}
	must(t, desir.Atomic(ctx, r.Client, func(tx *desir.Tx) error {
		var group sync.WaitGroup
		for i := range 16 {
			group.Go(func() {
				if _, _, err := o.m.In(tx).Get(ctx, fmt.Sprint(i)); err != nil {
					t.Error(err)
				}
				o.s.In(tx).Add(fmt.Sprint(i))
			})
		}
		group.Wait()
		return nil
	}))
	if n, err := o.s.Len(ctx); n != 16 || err != nil {
		t.Errorf("16 goroutines wrote %d members, %v", n, err)
	}
	runs := 0
	must(t, desir.Atomic(ctx, r.Client, func(tx *desir.Tx) error {
		runs++
		_, _, err := o.v.In(tx).Get(ctx)
		must(t, desir.Atomic(ctx, r.Client, func(inner *desir.Tx) error {
			o.c.In(inner).Add(1)
			if runs == 1 {
				o.v.In(inner).Set("inner")
			}
			return nil
		}))
		return err
	}))
	if n, err := o.c.Value(ctx); n != 2 || runs != 2 || err != nil {
		t.Errorf("a transaction inside of another ran %d times in %d runs, %v", n, runs, err)
	}
}

// atomicSlots uses keys of two slots.
func atomicSlots(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	a, b := collections.NewValue[string](r.Client, name(t, r, "a")), collections.NewValue[string](r.Client, name(t, r, "b"))
	m := lock.NewMutex(r.Client, name(t, r, "a")) // in the slot of a
	l, err := m.Lock(ctx)
	must(t, err)
	defer func() { must(t, l.Unlock(ctx)) }()
	must(t, desir.Atomic(ctx, r.Client, func(tx *desir.Tx) error {
		tx.Require(l)
		a.In(tx).Set("1")
		return nil
	}))
	for what, f := range map[string]func(tx *desir.Tx) error{
		"a read":  func(tx *desir.Tx) error { return third(b.In(tx).Get(ctx)) },
		"a write": func(tx *desir.Tx) error { b.In(tx).Set("2"); return nil },
	} {
		err := desir.Atomic(ctx, r.Client, func(tx *desir.Tx) error {
			a.In(tx).Set("2")
			return f(tx)
		})
		if r.IsCluster() != errors.Is(err, desir.ErrCrossSlot) || !r.IsCluster() && err != nil || err != nil && !containsText(err, "{tag}") {
			t.Errorf("%s of another slot: %v", what, err)
		}
	}
	want := "2"
	if r.IsCluster() {
		want = "1"
	}
	if v, _, err := a.Get(ctx); v != want || err != nil {
		t.Errorf("Get = %q, %v; want %q", v, err, want)
	}
}

// atomicCosts counts round trips.
func atomicCosts(t *testing.T, r *redistest.Redis) {
	rdb := r.NewClient(t)
	trips := redistest.CountTrips(rdb)
	o := atomicObjects(t, r, rdb)
	for range 2 { // the first run loads the scripts
		for _, tt := range []struct {
			sends string
			f     func(ctx context.Context, tx *desir.Tx) error
		}{
			{"", func(context.Context, *desir.Tx) error { return nil }},
			{"hget evalsha", func(ctx context.Context, tx *desir.Tx) error { return third(o.m.In(tx).Get(ctx, "k")) }},
			{"evalsha evalsha", func(ctx context.Context, tx *desir.Tx) error { return second(o.m.In(tx).Snapshot(ctx)) }},
			{"sismember zscore get evalsha", func(ctx context.Context, tx *desir.Tx) error {
				o.l.In(tx).PushBack("v")
				return errors.Join(second(o.s.In(tx).Has(ctx, "m")), third(o.z.In(tx).Score(ctx, "m")), third(o.v.In(tx).Get(ctx)))
			}},
		} {
			trips.Reset()
			must(t, desir.Atomic(t.Context(), rdb, func(tx *desir.Tx) error { return tt.f(t.Context(), tx) }))
			if got := strings.Join(trips.Commands(), " "); got != tt.sends && !strings.Contains(got, "eval ") && !strings.HasSuffix(got, "eval") {
				t.Errorf("sent %q; want %q", got, tt.sends)
			}
		}
	}
}

// atomicTransfers moves amounts between the accounts of two maps from many goroutines. The sum
// must stay.
func atomicTransfers(t *testing.T, r *redistest.Redis) {
	const goroutines, rounds, accounts, amount = 8, 20, 3, 1000
	ctx := t.Context()
	clients := []client{r.Client, r.NewClient(t)}
	for i := range accounts {
		must(t, r.Raw().HSet(ctx, tagged(t, r, "a"), i, amount).Err())
		must(t, r.Raw().HSet(ctx, tagged(t, r, "b"), i, amount).Err())
	}
	concurrently(goroutines, func(g int) {
		rdb := clients[g%2]
		from, to := collections.NewMap[int, int](rdb, tagged(t, r, "a")), collections.NewMap[int, int](rdb, tagged(t, r, "b"))
		moved := counter.New(rdb, tagged(t, r, "moved"))
		if g%4 < 2 {
			from, to = to, from
		}
		for i := range rounds {
			err := desir.Atomic(ctx, rdb, func(tx *desir.Tx) error {
				n, _, err := from.In(tx).Get(ctx, i%accounts)
				m, _, err2 := to.In(tx).Get(ctx, g%accounts)
				from.In(tx).Set(i%accounts, n-g)
				to.In(tx).Set(g%accounts, m+g)
				moved.In(tx).Add(int64(g))
				return errors.Join(err, err2)
			})
			if err != nil {
				t.Errorf("transfer: %v", err)
			}
		}
	})
	sum := 0
	for _, key := range []string{"a", "b"} {
		all, err := collections.NewMap[int, int](r.Client, tagged(t, r, key)).Snapshot(ctx)
		must(t, err)
		for _, n := range all {
			sum += n
		}
	}
	if sum != 2*accounts*amount {
		t.Errorf("the sum is %d; want %d", sum, 2*accounts*amount)
	}
	want := int64(rounds * goroutines * (goroutines - 1) / 2)
	if n, err := counter.New(r.Client, tagged(t, r, "moved")).Value(ctx); n != want || err != nil {
		t.Errorf("moved %d, %v; want %d", n, err, want)
	}
}

// atomicWakes sends to channels at which receivers and senders wait.
func atomicWakes(t *testing.T, r *redistest.Redis) {
	if r.Name == "autopipeline" {
		t.Skip("receivers need connections of their own")
	}
	ctx := timeoutContext(t)
	o := atomicObjects(t, r, r.Client)
	waiting := atomicObjects(t, r, r.NewClient(t))
	got := make(chan string, 2)
	var group sync.WaitGroup
	for range 2 {
		group.Go(func() {
			v, err := waiting.ch.Recv(ctx)
			if err != nil {
				t.Error(err)
			}
			got <- v
		})
	}
	start := time.Now()
	must(t, desir.Atomic(ctx, r.Client, func(tx *desir.Tx) error {
		o.v.In(tx).Set("x")
		o.ch.In(tx).Send("1")
		o.ch.In(tx).Send("2")
		return nil
	}))
	group.Wait()
	all := []string{<-got, <-got}
	slices.Sort(all)
	if !slices.Equal(all, []string{"1", "2"}) {
		t.Errorf("received %q in %v", all, time.Since(start))
	}
}

func zOf(member string, score int64) redis.Z { return redis.Z{Member: member, Score: float64(score)} }
