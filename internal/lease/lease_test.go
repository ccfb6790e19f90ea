package lease_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/lease"
	"github.com/desir-go/desir/internal/redistest"
)

// request returns the request of a mutex.
func request(name string, ttl time.Duration) lease.Request {
	return lease.Request{
		Keys: lease.KeysOf(name, "lock", false), Weight: 1, Capacity: 1, TTL: ttl, Owner: "the test", Renew: true,
	}
}

func keeper(t *testing.T, rdb redis.UniversalClient) *lease.Keeper {
	t.Helper()
	shared, err := clients.Of(rdb)
	if err != nil {
		t.Fatal(err)
	}
	return lease.Of(shared)
}

// acquire acquires a lease that is free.
func acquire(t *testing.T, k *lease.Keeper, r lease.Request) *lease.Lease {
	t.Helper()
	l, err := k.Try(t.Context(), r)
	if err != nil || l == nil {
		t.Fatalf("Try = %v, %v; want a lease", l, err)
	}
	return l
}

// released checks the result of Release. On a busy machine its reply may take longer than
// Release waits.
func released(t *testing.T, err error) {
	t.Helper()
	if err != nil && !errors.Is(err, desir.ErrMaybeRan) {
		t.Errorf("Release: %v", err)
	}
}

func busy(t *testing.T, k *lease.Keeper, r lease.Request) {
	t.Helper()
	if l, err := k.Try(t.Context(), r); l != nil || err != nil {
		t.Errorf("Try = %v, %v; want none", l, err)
	}
}

func TestLease(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		redistest.Goroutines(t)
		name := r.Key("l")
		mine, other := keeper(t, r.Client), keeper(t, r.NewClient(t))
		req := request(name, 30*time.Second)
		first := acquire(t, mine, req)
		busy(t, mine, req)
		busy(t, other, req)
		if left := first.Left(); left < 25*time.Second || left > 30*time.Second {
			t.Errorf("%v left of 30 s", left)
		}
		if err := first.Context().Err(); err != nil {
			t.Errorf("the context of a lease that is held has ended: %v", err)
		}
		if lease.From(context.WithValue(first.Context(), valueKey{}, 1)) != first {
			t.Error("the context does not have its lease")
		}
		released(t, first.Release(t.Context()))
		if err := context.Cause(first.Context()); !errors.Is(err, context.Canceled) {
			t.Errorf("after the release the cause is %v", err)
		}
		if err := first.Release(t.Context()); err != nil {
			t.Errorf("a second release: %v", err)
		}
		second := acquire(t, other, req)
		if second.Token() <= first.Token() {
			t.Errorf("token %d after %d", second.Token(), first.Token())
		}
		released(t, second.Release(t.Context()))
		if n, err := r.Raw().Exists(t.Context(), req.Keys.Leases, req.Keys.Wake, req.Keys.Waiting).Result(); n != 0 || err != nil {
			t.Errorf("%d keys are left, %v", n, err)
		}
	})
}

type valueKey struct{}

// TestLostReplies loses the replies to an acquire and a release, and the request of either.
// The caller has the lease, and then nobody has it.
func TestLostReplies(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t)
	p := redistest.NewProxy(t, s.Addr)
	k := keeper(t, s.Client(t, func(o *redis.Options) { o.Addr, o.ReadTimeout = p.Addr(), 200*time.Millisecond }))
	other := keeper(t, s.Client(t))
	req := request("l", 10*time.Second)
	warm := acquire(t, k, req) // loads the scripts
	if err := warm.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	scripts := redistest.Command("evalsha", "eval")
	for name, lose := range map[string]func(){
		"cut reply":     func() { p.CutReply(1, scripts) },
		"cut request":   func() { p.CutRequest(1, scripts) },
		"swallowed":     func() { p.Swallow(1, scripts) },
		"two cut":       func() { p.CutReply(2, scripts) },
		"half a reply":  func() { p.HalfReply(1, scripts) },
		"swallowed two": func() { p.Swallow(2, scripts) },
	} {
		t.Run(name, func(t *testing.T) {
			lose()
			l := acquire(t, k, req)
			busy(t, other, req)
			lose()
			released(t, l.Release(t.Context()))
			redistest.Eventually(t, 5*time.Second, func() bool {
				o, err := other.Try(t.Context(), req)
				if o == nil || err != nil {
					return false
				}
				if o.Token() <= l.Token() {
					t.Errorf("token %d after %d", o.Token(), l.Token())
				}
				return o.Release(t.Context()) == nil
			}, "the lease is free")
		})
	}
}

// TestRenewal holds leases for several times their TTL.
func TestRenewal(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		k, other := keeper(t, r.Client), keeper(t, r.NewClient(t))
		var held []*lease.Lease
		var reqs []lease.Request
		for i := range 20 {
			req := request(r.Key(string(rune('a'+i))), time.Second)
			reqs = append(reqs, req)
			held = append(held, acquire(t, k, req))
		}
		end := time.Now().Add(2500 * time.Millisecond)
		for time.Now().Before(end) {
			for i, l := range held {
				if l.Context().Err() != nil {
					t.Fatalf("lease %d is lost", i)
				}
				busy(t, other, reqs[i])
			}
		}
		for _, l := range held {
			released(t, l.Release(t.Context()))
		}
	})
}

// TestLoss stops the server. The context ends before the lease does.
func TestLoss(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t)
	k := keeper(t, s.Client(t))
	l := acquire(t, k, request("l", 2*time.Second))
	s.Freeze()
	begun := time.Now()
	select {
	case <-l.Context().Done():
	case <-time.After(10 * time.Second):
		t.Fatal("the context did not end")
	}
	if took := time.Since(begun); took > 1950*time.Millisecond {
		t.Errorf("the context ended after %v", took)
	}
	if err := context.Cause(l.Context()); !errors.Is(err, lease.ErrLost) {
		t.Errorf("cause %v", err)
	}
	s.Thaw()
	redistest.Eventually(t, 10*time.Second, func() bool {
		next, err := k.Try(t.Context(), request("l", 2*time.Second))
		return err == nil && next != nil && next.Release(t.Context()) == nil
	}, "the lease ends")
	if err := l.Release(t.Context()); !errors.Is(err, lease.ErrLost) {
		t.Errorf("Release of a lost lease: %v", err)
	}
}

// TestTaken deletes the lease behind its holder's back, and the hash of its record.
func TestTaken(t *testing.T) {
	s := redistest.StartServer(t)
	admin := s.Client(t)
	k := keeper(t, s.Client(t))
	req := request("l", time.Second)
	l := acquire(t, k, req)
	if err := admin.Del(t.Context(), req.Keys.Meta).Err(); err != nil {
		t.Fatal(err)
	}
	busy(t, k, req) // although the sum of weights is gone
	if err := admin.Del(t.Context(), req.Keys.Leases).Err(); err != nil {
		t.Fatal(err)
	}
	<-l.Context().Done()
	if err := context.Cause(l.Context()); !errors.Is(err, lease.ErrLost) {
		t.Errorf("cause %v", err)
	}
	again := acquire(t, k, req)
	if again.Token() <= l.Token() {
		t.Errorf("token %d after %d", again.Token(), l.Token())
	}
	released(t, again.Release(t.Context()))
}
