package rpc_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/rpc"
)

// TestChecksAreReads loses replies to what Methods and Workers send: the script is sent
// again, and no error says that it may have run.
func TestChecksAreReads(t *testing.T) {
	t.Parallel()
	srv := redistest.StartServer(t)
	serve(t, srv.Client(t))
	mustSum(t, rpc.NewClient(srv.Client(t), service))
	for what, look := range map[string]func(context.Context, *rpc.Client) (int, error){
		"Methods": func(ctx context.Context, c *rpc.Client) (int, error) {
			all, err := c.Methods(ctx)
			return len(all) / 2, err // Sum and Hold
		},
		"Workers": func(ctx context.Context, c *rpc.Client) (int, error) {
			all, err := c.Workers(ctx)
			return len(all), err
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			match := redistest.Command("evalsha", "eval")
			p := redistest.NewProxy(t, srv.Addr)
			rdb := redis.NewClient(&redis.Options{Addr: p.Addr(), ReadTimeout: time.Second})
			t.Cleanup(func() { _ = rdb.Close() })
			c := rpc.NewClient(rdb, service)
			for range 2 {
				p.CutReply(1, match)
				if n, err := look(t.Context(), c); n != 1 || err != nil {
					t.Errorf("a reply lost: %d workers, %v; want 1", n, err)
				}
			}
			p.Reset()
			p.Swallow(1, match)
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			if _, err := look(ctx, c); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, desir.ErrMaybeRan) {
				t.Errorf("no reply in time: %v; want the context's error, and not ErrMaybeRan", err)
			}
			p.Reset()
			p.CutReply(1000, match)
			if _, err := look(t.Context(), c); !errors.Is(err, desir.ErrUnavailable) || errors.Is(err, desir.ErrMaybeRan) {
				t.Errorf("no reply comes through: %v; want ErrUnavailable", err)
			}
		})
	}
}

// TestDeadlineErrors ends handlers at the deadlines of their calls, in many ways.
// The caller sees its own deadline and no error of the worker.
func TestDeadlineErrors(t *testing.T) {
	t.Parallel()
	rdb := redistest.StartServer(t).Client(t)
	s := rpc.NewServer(rdb, service)
	sum.Handle(s, addUp)
	late := rpc.NewMethod[int, int]("Late")
	late.Handle(s, func(ctx context.Context, how int) (int, error) {
		<-ctx.Done()
		switch how % 3 {
		case 0:
			return 0, ctx.Err()
		case 1:
			return 0, errors.New("a query was given up")
		default:
			return 0, rpc.Errorf(rpc.NotFound, "looking it up: %w", ctx.Err())
		}
	})
	run(t, s)
	c := rpc.NewClient(rdb, service)
	mustSum(t, c)
	const calls = 200
	errs := make([]error, calls)
	early := make([]time.Duration, calls)
	done := make(chan struct{})
	for i := range calls {
		go func() {
			defer func() { done <- struct{}{} }()
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond+time.Duration(i)*time.Millisecond)
			defer cancel()
			_, errs[i] = late.Call(ctx, c, i)
			end, _ := ctx.Deadline()
			early[i] = time.Until(end)
		}()
	}
	for range calls {
		<-done
	}
	for i, err := range errs {
		if !errors.Is(err, desir.ErrMaybeRan) || !errors.Is(err, context.DeadlineExceeded) || isWorkerError(err) || early[i] > 0 {
			t.Errorf("call %d: %v, %v before its deadline; want ErrMaybeRan and DeadlineExceeded, not before", i, err, early[i])
		}
	}
	redistest.Eventually(t, 20*time.Second, func() bool { st := s.Stats(); return st.Failed+st.Expired == calls }, "each call counts as failed, or as expired if the worker was too busy to start it")
}
