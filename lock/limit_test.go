package lock_test

import (
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/lock"
)

// TestLimitWithoutReply has the limit of a wait end while the server owes a reply.
func TestLimitWithoutReply(t *testing.T) {
	s := redistest.StartServer(t)
	p := redistest.NewProxy(t, s.Addr)
	rdb := s.Client(t, func(o *redis.Options) { o.Addr = p.Addr() })
	if err := rdb.Ping(t.Context()).Err(); err != nil { // so that a connection stands
		t.Fatal(err)
	}
	p.Swallow(-1, redistest.Command("evalsha"))
	m := lock.NewMutex(rdb, "l", lock.Wait(200*time.Millisecond))
	_, err := m.Lock(t.Context())
	if !errors.Is(err, lock.ErrLocked) || !errors.Is(err, desir.ErrUnavailable) {
		t.Errorf("Lock: %v; want ErrLocked and ErrUnavailable", err)
	}
}
