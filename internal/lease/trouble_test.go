package lease_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/lease"
	"github.com/desir-go/desir/internal/redistest"
)

// TestForgotten forgets a lease that its release would have passed on. The process can have
// the lock again when the lease has ended.
func TestForgotten(t *testing.T) {
	t.Parallel()
	k := keeper(t, redistest.StartServer(t).Client(t))
	req := request("l", lease.MinTTL)
	req.PassOn = true
	func() { _ = acquire(t, k, req) }()
	redistest.Eventually(t, 20*time.Second, func() bool { runtime.GC(); return k.Idle() }, "the lease is not renewed")
	l, err := k.Acquire(redistest.Within(t, 20*time.Second), req)
	if err != nil {
		t.Fatal(err)
	}
	released(t, l.Release(t.Context()))
}

// TestBrokenInLine breaks a lock whose holder's process has another caller. That one has the
// lock when the holder has released it.
func TestBrokenInLine(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		k := keeper(t, r.Client)
		req := request(r.Key("l"), time.Minute)
		req.PassOn = true
		held := acquire(t, k, req)
		got := make(chan error, 1)
		go func() {
			l, err := k.Acquire(redistest.Within(t, 20*time.Second), req)
			if err == nil {
				err = l.Release(context.Background())
			}
			got <- err
		}()
		redistest.Eventually(t, 20*time.Second, func() bool { return k.Waits(req.Keys) }, "another caller waits")
		if n, err := k.Break(t.Context(), req.Keys, false); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		released(t, held.Release(t.Context()))
		if err := <-got; err != nil {
			t.Error(err)
		}
	})
}

// TestRenewalOfOthers makes the key of one lease a string. The other leases are renewed.
func TestRenewalOfOthers(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		k := keeper(t, r.NewClient(t))
		var held []*lease.Lease
		for _, name := range []string{"a", "b", "c"} {
			held = append(held, acquire(t, k, request(r.Key(name), 1200*time.Millisecond)))
		}
		if err := r.Raw().Set(t.Context(), request(r.Key("b"), 0).Keys.Leases, "text", 0).Err(); err != nil {
			t.Fatal(err)
		}
		<-held[1].Context().Done()
		end := time.Now().Add(1500 * time.Millisecond)
		for time.Now().Before(end) {
			for _, l := range []*lease.Lease{held[0], held[2]} {
				if err := l.Context().Err(); err != nil {
					t.Fatalf("another lease ended: %v", context.Cause(l.Context()))
				}
			}
			time.Sleep(10 * time.Millisecond)
		}
	})
}

// TestLostDuringOutage releases a lease that was lost while the server does not reply.
func TestLostDuringOutage(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t)
	k := keeper(t, s.Client(t, func(o *redis.Options) { o.ReadTimeout = 200 * time.Millisecond }))
	l := acquire(t, k, request("l", lease.MinTTL))
	s.Freeze()
	<-l.Context().Done()
	if err := l.Release(t.Context()); !errors.Is(err, lease.ErrLost) {
		t.Errorf("Release: %v; want ErrLost", err)
	}
	s.Thaw()
}

// TestLateCopy has the first copy of a request arrive after the second one was refused and the
// holder has gone. It takes nothing.
func TestLateCopy(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t)
	p := redistest.NewProxy(t, s.Addr)
	k := keeper(t, s.Client(t, func(o *redis.Options) { o.Addr, o.ReadTimeout = p.Addr(), 200*time.Millisecond }))
	other := keeper(t, s.Client(t))
	req := request("l", 10*time.Second)
	released(t, acquire(t, k, req).Release(t.Context())) // the script and the server's clock are known
	holds := acquire(t, other, req)
	held, let := p.HoldRequest(1, redistest.Command("evalsha"))
	busy(t, k, req)
	redistest.Eventually(t, 10*time.Second, func() bool { return held() == 1 && k.Idle() }, "the copies are released in the background")
	released(t, holds.Release(t.Context()))
	executed := s.Scripts(t)
	let()
	redistest.Eventually(t, 10*time.Second, func() bool { return s.Scripts(t) > executed }, "the late request arrives")
	released(t, acquire(t, other, req).Release(t.Context()))
}

// TestBreakKeepsSum breaks a semaphore of which a lease has ended. Its permits are free.
func TestBreakKeepsSum(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		k := keeper(t, r.Client)
		req := request(r.Key("s"), lease.MinTTL)
		req.Keys, req.Capacity, req.Renew = lease.KeysOf(r.Key("s"), "sem", true), 3, false
		long := req
		long.TTL = time.Minute
		_, stays := acquire(t, k, req), acquire(t, k, long)
		redistest.Eventually(t, 10*time.Second, func() bool {
			all, err := k.Holders(t.Context(), req.Keys)
			return len(all) == 1 && err == nil
		}, "one lease has ended")
		if n, err := k.Break(t.Context(), req.Keys, false); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		for range 2 {
			acquire(t, k, long)
		}
		_ = stays
	})
}
