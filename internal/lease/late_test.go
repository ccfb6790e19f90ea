package lease_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/redistest"
)

// TestLateAcquire has a request for a lease arrive at the server after its caller has given
// up. It must not take the lease for nobody.
func TestLateAcquire(t *testing.T) {
	s := redistest.StartServer(t)
	p := redistest.NewProxy(t, s.Addr)
	k := keeper(t, s.Client(t, func(o *redis.Options) { o.Addr = p.Addr() }))
	other := keeper(t, s.Client(t))
	req := request("l", 10*time.Second)
	first := acquire(t, k, req) // the script and the server's clock are known
	if err := first.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		held, let := p.HoldRequest(1, redistest.Command("evalsha"))
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		l, err := k.Try(ctx, req)
		cancel()
		if l != nil || !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("Try = %v, %v; want DeadlineExceeded", l, err)
		}
		redistest.Eventually(t, 10*time.Second, func() bool { return held() == 1 && k.Idle() }, "it is released in the background")
		executed := s.Scripts(t)
		let()
		redistest.Eventually(t, 10*time.Second, func() bool { return s.Scripts(t) > executed }, "the late request arrives")
		next := acquire(t, other, req)
		released(t, next.Release(t.Context()))
	}
}
