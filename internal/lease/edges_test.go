package lease_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/lease"
	"github.com/desir-go/desir/internal/redistest"
)

// TestReleaseWakesOthers passes a lock on inside a process, and then releases it while another
// process of a cluster waits. Nobody waits in the first process any more, so it must not be
// the one that is woken.
func TestReleaseWakesOthers(t *testing.T) {
	onCluster(t, func(t *testing.T, c *redistest.Cluster, req lease.Request) {
		req.PassOn = req.Keys.Since == ""
		ctx := redistest.Within(t, time.Minute)
		k, other := keeper(t, c.Client(t)), keeper(t, c.Client(t))
		first := acquire(t, k, req)
		mine, theirs := make(chan *lease.Lease, 1), make(chan *lease.Lease, 1)
		wait := func(k *lease.Keeper, got chan<- *lease.Lease) {
			go func() {
				l, err := k.Acquire(ctx, req)
				if err != nil {
					t.Error(err)
				}
				got <- l
			}()
		}
		raw := c.MasterFor("l").Client(t)
		waiting := func(n int64) func() bool {
			return func() bool { return raw.ZCard(ctx, req.Keys.Waiting).Val() == n }
		}
		wait(k, mine)
		redistest.Eventually(t, 20*time.Second, waiting(1), "the process of the holder waits")
		wait(other, theirs)
		redistest.Eventually(t, 20*time.Second, waiting(2), "both processes wait")
		released(t, first.Release(ctx))
		second := <-mine
		start := time.Now()
		released(t, second.Release(ctx))
		released(t, (<-theirs).Release(ctx))
		if took := time.Since(start); took > 3*time.Second {
			t.Errorf("the other process had the lock after %v", took) // its look comes after 5 s
		}
	})
}

// TestLateLeave has the notice that a caller has left arrive when another caller of its
// process waits. That one is still woken.
func TestLateLeave(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t)
	p := redistest.NewProxy(t, s.Addr)
	k := keeper(t, s.Client(t, func(o *redis.Options) { o.Addr = p.Addr() }))
	admin := s.Client(t)
	req := request("l", time.Minute)
	held := acquire(t, keeper(t, s.Client(t)), req)
	ctx := redistest.Within(t, time.Minute)
	attempt := func() float64 {
		all := admin.ZRangeWithScores(ctx, req.Keys.Waiting, 0, -1).Val()
		if len(all) != 1 {
			return 0
		}
		return all[0].Score
	}
	wait := func() (leave context.CancelFunc, ended chan error) {
		short, cancel := context.WithCancel(ctx)
		ended = make(chan error, 1)
		before := attempt()
		go func() {
			l, err := k.Acquire(short, req)
			if l != nil {
				err = l.Release(ctx)
			}
			ended <- err
		}()
		redistest.Eventually(t, 20*time.Second, func() bool { return attempt() > before }, "a caller waits")
		return cancel, ended
	}
	leave, ended := wait() // once for the scripts
	leave()
	<-ended
	redistest.Eventually(t, 20*time.Second, func() bool { return attempt() == 0 && k.Idle() }, "the notice has arrived")
	leave, ended = wait()
	arrived, let := p.HoldRequest(1, redistest.Command("evalsha"))
	leave()
	<-ended
	redistest.Eventually(t, 20*time.Second, func() bool { return arrived() == 1 }, "the notice is on its way")
	_, ended = wait()
	let()
	redistest.Eventually(t, 20*time.Second, k.Idle, "the notice has arrived")
	if attempt() == 0 {
		t.Error("the server does not know of the caller that waits")
	}
	released(t, held.Release(ctx))
	released(t, <-ended)
}

// TestBrokenBeforeRepeat breaks a lock whose holder has not got the reply. The repeated request
// finds the lease, and the holder gives it up at its next renewal.
func TestBrokenBeforeRepeat(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t)
	p := redistest.NewProxy(t, s.Addr)
	k := keeper(t, s.Client(t, func(o *redis.Options) { o.Addr, o.ReadTimeout = p.Addr(), time.Second }))
	other := keeper(t, s.Client(t))
	req := request("l", 5*time.Second)
	released(t, acquire(t, k, req).Release(t.Context())) // the script is known
	p.Swallow(1, redistest.Command("evalsha"))
	got := make(chan *lease.Lease, 1)
	go func() {
		l, err := k.Try(t.Context(), req)
		if err != nil {
			t.Error(err)
		}
		got <- l
	}()
	redistest.Eventually(t, 20*time.Second, func() bool {
		n, err := other.Break(t.Context(), req.Keys, false)
		return n == 1 && err == nil
	}, "it is broken")
	l := <-got
	if l == nil {
		t.Fatal("the repeated request does not find the lease")
	}
	<-l.Context().Done()
	if err := context.Cause(l.Context()); !errors.Is(err, lease.ErrLost) {
		t.Errorf("the lease ended with %v", err)
	}
	redistest.Eventually(t, 20*time.Second, func() bool { return k.Idle() }, "it is given up")
	released(t, acquire(t, other, req).Release(t.Context()))
}

// limited returns a keeper of a user, and a function that changes the user's permissions.
func limited(t *testing.T, s *redistest.Server) (k *lease.Keeper, change func(rules ...string)) {
	admin := s.Client(t)
	change = func(rules ...string) {
		t.Helper()
		if err := admin.ACLSetUser(t.Context(), "u", rules...).Err(); err != nil {
			t.Fatal(err)
		}
	}
	change("reset", "on", ">secret", "~*", "&*", "+@all")
	return keeper(t, s.Client(t, func(o *redis.Options) { o.Username, o.Password = "u", "secret" })), change
}

// TestPassDenied takes the permission to pass a lease on away from its holder, who may still
// release it.
func TestPassDenied(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t)
	k, change := limited(t, s)
	req := request("l", time.Minute)
	req.PassOn = true
	held := acquire(t, k, req)
	ctx := redistest.Within(t, 20*time.Second)
	ended := make(chan error, 1)
	go func() {
		_, err := k.Acquire(ctx, req)
		ended <- err
	}()
	redistest.Eventually(t, 20*time.Second, func() bool { return k.Waits(req.Keys) }, "another caller waits")
	change("-set")
	released(t, held.Release(ctx))
	if err := <-ended; !errors.Is(err, desir.ErrDenied) {
		t.Errorf("the other caller's error: %v", err)
	}
	released(t, acquire(t, keeper(t, s.Client(t)), req).Release(ctx))
}

// TestSumDenied takes the permission to store how much is in use away from a holder of permits.
// Its release changes nothing, and its permits are free when its lease ends.
func TestSumDenied(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t)
	k, change := limited(t, s)
	req := request("s", lease.MinTTL)
	req.Keys, req.Capacity, req.Renew = lease.KeysOf("s", "sem", true), 3, false
	other, long := keeper(t, s.Client(t)), req
	long.TTL = time.Minute
	stays := acquire(t, other, long)
	held := acquire(t, k, req)
	change("-set")
	if err := held.Release(t.Context()); !errors.Is(err, desir.ErrDenied) {
		t.Errorf("Release: %v; want ErrDenied", err)
	}
	if _, err := k.Try(t.Context(), req); !errors.Is(err, desir.ErrDenied) {
		t.Errorf("Try: %v; want ErrDenied", err)
	}
	two := long
	two.Weight = 2
	l, err := other.Acquire(redistest.Within(t, 20*time.Second), two)
	if err != nil {
		t.Fatal(err)
	}
	released(t, l.Release(t.Context()))
	released(t, stays.Release(t.Context()))
}

// TestPlainClose closes a client while a caller waits for a lock. The caller learns it before
// the end of the block.
func TestPlainClose(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t)
	req := request("l", time.Minute)
	held := acquire(t, keeper(t, s.Client(t)), req)
	rdb := s.Client(t)
	ended := make(chan error, 1)
	go func() {
		_, err := keeper(t, rdb).Acquire(redistest.Within(t, 20*time.Second), req)
		ended <- err
	}()
	admin := s.Client(t)
	redistest.Eventually(t, 20*time.Second, func() bool {
		return strings.Contains(admin.ClientList(t.Context()).Val(), "cmd=blpop")
	}, "the caller blocks")
	start := time.Now()
	if err := rdb.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, desir.ErrClosed) {
		t.Errorf("Acquire: %v; want ErrClosed", err)
	}
	if took := time.Since(start); took > 4*time.Second {
		t.Errorf("it took %v", took) // the block takes 5 s
	}
	released(t, held.Release(t.Context()))
}
