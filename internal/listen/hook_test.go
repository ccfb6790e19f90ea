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

// panics is a hook that panics at one command, or at "dial".
type panics string

func (p panics) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		p.look("dial")
		return next(ctx, network, addr)
	}
}

func (p panics) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		p.look(cmd.Name())
		return next(ctx, cmd)
	}
}

func (panics) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (p panics) look(name string) {
	if name == string(p) {
		panic("hook")
	}
}

// hooked returns the listener of a client with a hook that panics.
func hooked(t *testing.T, s *redistest.Server, at panics) *Listener {
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
	numbered.Sync = func(context.Context, string) error { panic("hook") }
	for name, tt := range map[string]struct {
		at panics
		r  Request
	}{
		"dial":     {"dial", plain},
		"greeting": {"hello", plain},
		"question": {"", numbered},
	} {
		if _, err := hooked(t, srv, tt.at).Subscribe(within(t, 20*time.Second), tt.r); !errors.Is(err, send.ErrHookPanic) {
			t.Errorf("%s: Subscribe: %v; want the hook's panic", name, err)
		}
	}

	k := &manager{
		l: hooked(t, srv, "publish"), kick: make(chan struct{}, 1), limit: firstLimit,
		subscriptions: map[channel]*subscription{{Channel, "t"}: {}},
	}
	ctx := within(t, 20*time.Second)
	c, err := k.dial(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	c.probe.send(ctx, c)
	select {
	case <-c.probe.echo:
	case <-ctx.Done():
		t.Error("nothing came back after a probe that panicked")
	}
}
