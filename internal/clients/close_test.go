package clients_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/internal/send"
)

// TestCloseBetweenCommands closes clients during operations of several commands, at any
// moment between two commands. A command after the close is refused, and no command is
// ErrMaybeRan.
func TestCloseBetweenCommands(t *testing.T) {
	s := redistest.StartServer(t)
	var done atomic.Int64
	for range 50 {
		rdb := s.Client(t)
		h, err := clients.Of(rdb)
		if err != nil {
			t.Fatal(err)
		}
		write := func(ctx context.Context, n int) error {
			switch incr := redis.NewIntCmd(ctx, "incr", "n"); n % 3 {
			case 0:
				return h.Sender.WriteOn(ctx, rdb, incr)
			case 1:
				return h.Sender.Write(ctx, incr)
			default:
				_, _, err := send.RunOr(ctx, h.Sender, time.Second, func(ctx context.Context) (int64, error) {
					err := h.Sender.Write(ctx, incr)
					if errors.Is(err, send.ErrCloseCalled) {
						t.Error("a command of an operation that was counted was refused")
					}
					return 0, err
				}, func(int64, error) {})
				return err
			}
		}
		var calling sync.WaitGroup
		for i := range 8 {
			ctx := context.Background()
			if i%2 == 0 {
				ctx = redistest.Within(t, 30*time.Second)
			}
			calling.Go(func() {
				for h.ErrIfClosed() == nil {
					for n := range 9 {
						err := write(ctx, n)
						switch {
						case err == nil:
							done.Add(1)
						case errors.Is(err, send.ErrCloseCalled):
							return
						default:
							t.Errorf("%v; want ErrCloseCalled", err)
							return
						}
					}
				}
			})
		}
		before := done.Load()
		redistest.Eventually(t, 20*time.Second, func() bool { return done.Load() > before+20 }, "calls are made")
		if err := h.Close(redistest.Within(t, 20*time.Second)); err != nil {
			t.Error(err)
		}
		calling.Wait()
	}
	got, err := s.Client(t).Get(t.Context(), "n").Int64()
	if err != nil || got != done.Load() {
		t.Errorf("the counter is at %d, %v; %d writes were acknowledged", got, err, done.Load())
	}
}
