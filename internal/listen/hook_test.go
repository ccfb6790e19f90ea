package listen

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/internal/send"
)

// panicHook is a hook that panics at one command, or at "dial".
type panicHook string

func (p panicHook) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		p.check("dial")
		return next(ctx, network, addr)
	}
}

func (p panicHook) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		p.check(cmd.Name())
		return next(ctx, cmd)
	}
}

func (panicHook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (p panicHook) check(name string) {
	if name == string(p) {
		panic("hook")
	}
}

// panicking returns the listener of a client with a hook that panics.
func panicking(t *testing.T, s *redistest.Server, at panicHook) *Listener {
	t.Helper()
	rdb := s.Client(t)
	rdb.AddHook(at)
	h, err := clients.Of(rdb)
	if err != nil {
		t.Fatal(err)
	}
	return Of(h)
}

// TestHookPanics lets hooks of the client panic on goroutines of the library. New subscribers
// get an error, and a failed probe is replaced by a PING.
func TestHookPanics(t *testing.T) {
	redistest.Goroutines(t)
	srv := redistest.StartServer(t)
	plain := Request{Kind: Channel, Name: "t", Backlog: 1}
	numbered := plain
	numbered.PublishBarrier = func(context.Context, string) error { panic("hook") }
	for name, tt := range map[string]struct {
		at panicHook
		r  Request
	}{
		"dial":     {"dial", plain},
		"greeting": {"hello", plain},
		"question": {"", numbered},
	} {
		if _, err := panicking(t, srv, tt.at).Subscribe(within(t, 20*time.Second), tt.r); !errors.Is(err, send.ErrHookPanic) {
			t.Errorf("%s: Subscribe: %v; want the hook's panic", name, err)
		}
	}

	m := &manager{
		listener: panicking(t, srv, "publish"), wakeup: make(chan struct{}, 1), confirmLimit: minConfirmLimit,
		subscriptions: map[channel]*subscription{{Channel, "t"}: {}},
	}
	ctx := within(t, 20*time.Second)
	c, err := m.dial(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	c.probe.send(ctx, c)
	select {
	case <-c.probe.arrived:
	case <-ctx.Done():
		t.Error("nothing came back after a probe that panicked")
	}
}
