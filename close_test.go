package desir_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/counter"
	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/lock"
	"github.com/desir-go/desir/rpc"
)

// TestCloseEndsEveryType closes a client while objects of every kind use it. Each use
// must end with ErrClosed, later calls must fail with ErrClosed, and a second Close
// must return nil.
func TestCloseEndsEveryType(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		rdb := r.NewClient(t)
		sub, err := channel.NewTopic[int](rdb, r.Key("topic")).Subscribe(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		uses := map[string]func(context.Context) error{
			"Map.Set": func(ctx context.Context) error {
				return collections.NewMap[string, int](rdb, r.Key("map")).Set(ctx, "k", 1)
			},
			"Map.Set alone": func(context.Context) error {
				return collections.NewMap[string, int](rdb, r.Key("map")).Set(context.Background(), "k", 1)
			},
			"Counter.Next": func(ctx context.Context) error {
				_, err := counter.New(rdb, r.Key("counter")).Next(ctx)
				return err
			},
			"Chan.Send": func(ctx context.Context) error { return channel.NewChan[int](rdb, r.Key("out")).Send(ctx, 1) },
			"Chan.Recv": func(ctx context.Context) error {
				_, err := channel.NewChan[int](rdb, r.Key("in")).Recv(ctx)
				return err
			},
			"Mailbox.Receive": func(ctx context.Context) error {
				_, err := channel.NewMailbox[int](rdb, r.Key("mail")).Receive(ctx, func(channel.Letter[int]) bool { return true })
				return err
			},
			"Sub.All": func(ctx context.Context) error {
				for _, err := range sub.All(ctx) {
					if err != nil {
						return err
					}
				}
				return nil
			},
		}
		other, err := lock.NewMutex(r.Client, r.Key("held")).Lock(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		uses["Mutex.Lock"] = func(ctx context.Context) error {
			_, err := lock.NewMutex(rdb, r.Key("held")).Lock(ctx)
			return err
		}
		uses["Mutex.Lock behind another"] = uses["Mutex.Lock"]
		uses["Mutex.Do"] = func(ctx context.Context) error {
			return lock.NewMutex(rdb, r.Key("lock")).Do(ctx, func(ctx context.Context) error {
				<-ctx.Done()
				return context.Cause(ctx)
			})
		}
		uses["Mutex.Do behind another"] = uses["Mutex.Do"]
		var using sync.WaitGroup
		for name, use := range uses {
			using.Go(func() {
				for ctx := redistest.Within(t, 30*time.Second); ; {
					if err := use(ctx); err != nil {
						if !errors.Is(err, desir.ErrClosed) {
							t.Errorf("%s: %v; want ErrClosed", name, err)
						}
						return
					}
				}
			})
		}
		redistest.Eventually(t, 20*time.Second, func() bool {
			n, err := counter.New(r.Client, r.Key("counter")).Value(t.Context())
			return err == nil && n > 20
		}, "everything is in use")
		if err := desir.Close(redistest.Within(t, 20*time.Second), rdb); err != nil {
			t.Errorf("Close: %v", err)
		}
		using.Wait()
		if _, held, err := lock.NewMutex(r.Client, r.Key("lock")).Holder(t.Context()); held || err != nil {
			t.Errorf("the lock is held after Close: %v", err)
		}
		if err := other.Unlock(t.Context()); err != nil {
			t.Error(err)
		}
		for name, use := range uses {
			if err := use(t.Context()); !errors.Is(err, desir.ErrClosed) {
				t.Errorf("%s after Close: %v; want ErrClosed", name, err)
			}
		}
		if err := desir.Close(t.Context(), rdb); err != nil {
			t.Errorf("a second Close: %v", err)
		}
		if err := rdb.Ping(t.Context()).Err(); !errors.Is(err, redis.ErrClosed) && r.Name != "autopipeline" {
			t.Errorf("the client after Close: %v; want redis.ErrClosed", err)
		}
	})
}

// TestCloseCallsFinish closes clients during writes. Each write must either succeed and
// be stored, or report that nothing was executed.
func TestCloseCallsFinish(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		total := counter.New(r.Client, r.Key("n"))
		var done atomic.Int64
		for range 10 {
			rdb := r.NewClient(t)
			n := counter.New(rdb, r.Key("n"))
			var adding sync.WaitGroup
			for i := range 16 {
				ctx := context.Background()
				if i%2 == 0 {
					ctx = redistest.Within(t, 30*time.Second)
				}
				adding.Go(func() {
					for {
						_, err := n.Add(ctx, 1)
						switch {
						case err == nil:
							done.Add(1)
						case errors.Is(err, desir.ErrClosed) && !errors.Is(err, desir.ErrMaybeRan):
							return
						default:
							t.Errorf("Add: %v; want ErrClosed", err)
							return
						}
					}
				})
			}
			before := done.Load()
			redistest.Eventually(t, 20*time.Second, func() bool { return done.Load() > before+50 }, "calls are made")
			if err := desir.Close(redistest.Within(t, 20*time.Second), rdb); err != nil {
				t.Errorf("Close: %v", err)
			}
			adding.Wait()
		}
		if got, err := total.Value(t.Context()); err != nil || got != done.Load() {
			t.Errorf("the counter is at %d, %v; %d additions were acknowledged", got, err, done.Load())
		}
	})
}

// TestCloseDrainsWorkers closes the client of a worker during calls. The handlers must
// finish and be able to use the client until then, and the callers must get the results.
func TestCloseDrainsWorkers(t *testing.T) {
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		double := rpc.NewMethod[int, int]("Double")
		rdb, name := r.NewClient(t), r.Key("service")
		worker := rpc.NewServer(rdb, name)
		begun, release := make(chan struct{}, 8), make(chan struct{})
		calls := collections.NewMap[int, bool](rdb, r.Key("calls"))
		double.Handle(worker, func(ctx context.Context, n int) (int, error) {
			begun <- struct{}{}
			<-release
			return 2 * n, calls.Set(ctx, n, true)
		})
		ran := make(chan error, 1)
		go func() { ran <- worker.Run(context.Background()) }()
		client := rpc.NewClient(r.Client, name)
		var calling sync.WaitGroup
		for i := range 8 {
			calling.Go(func() {
				got, err := double.Call(redistest.Within(t, 30*time.Second), client, i, rpc.Wait(20*time.Second))
				if got != 2*i || err != nil {
					t.Errorf("Call: %d, %v; want %d", got, err, 2*i)
				}
			})
		}
		for range 8 {
			<-begun
		}
		closed := make(chan error, 1)
		go func() { closed <- desir.Close(redistest.Within(t, 30*time.Second), rdb) }()
		close(release)
		if err := <-closed; err != nil {
			t.Errorf("Close: %v", err)
		}
		if err := <-ran; err != nil {
			t.Errorf("Run: %v", err)
		}
		calling.Wait()
	})
}

// TestCloseDeadline closes the client of a frozen server. Close must return when its
// context ends and report what was cut off.
func TestCloseDeadline(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t)
	rdb := s.Client(t)
	m := collections.NewMap[string, int](rdb, "m")
	if err := m.Set(t.Context(), "k", 1); err != nil {
		t.Fatal(err)
	}
	s.Freeze()
	defer s.Thaw()
	leaves := make(leaving, 1)
	rdb.AddHook(leaves)
	var setting sync.WaitGroup
	setting.Go(func() {
		if err := m.Set(context.Background(), "k", 2); !errors.Is(err, desir.ErrMaybeRan) {
			t.Errorf("Set: %v; want ErrMaybeRan", err)
		}
	})
	<-leaves
	err := desir.Close(redistest.Within(t, 300*time.Millisecond), rdb)
	if !errors.Is(err, desir.ErrMaybeRan) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Close: %v; want ErrMaybeRan and the context's error", err)
	}
	setting.Wait()
}

// leaving is a hook that reports when a command is sent.
type leaving chan struct{}

func (leaving) DialHook(next redis.DialHook) redis.DialHook { return next }

func (l leaving) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		l <- struct{}{}
		return next(ctx, cmd)
	}
}

func (leaving) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// TestCloseOthers closes nil clients, clients that cannot be recognized, clients that no
// object uses, and closed clients.
func TestCloseOthers(t *testing.T) {
	type byValue struct{ redis.UniversalClient }
	type unlike struct {
		redis.UniversalClient
		_ []int
	}
	s := redistest.StartServer(t)
	for name, rdb := range map[string]redis.UniversalClient{
		"nil": nil, "a nil pointer": (*redis.Client)(nil), "a struct without equality": unlike{UniversalClient: s.Client(t)},
	} {
		if err := desir.Close(t.Context(), rdb); !errors.Is(err, desir.ErrNotSupported) {
			t.Errorf("Close of %s: %v; want ErrNotSupported", name, err)
		}
	}
	inside := s.Client(t)
	receiving := make(chan error)
	go func() {
		_, err := channel.NewChan[string](byValue{inside}, "c").Recv(t.Context())
		receiving <- err
	}()
	redistest.Eventually(t, 20*time.Second, func() bool {
		return strings.Contains(s.Client(t).Info(t.Context(), "clients").Val(), "blocked_clients:1")
	}, "the receiver waits")
	if err := desir.Close(t.Context(), byValue{inside}); err != nil {
		t.Errorf("Close of a struct: %v", err)
	}
	if err := <-receiving; !errors.Is(err, desir.ErrClosed) {
		t.Errorf("Recv through a struct that was closed: %v; want ErrClosed", err)
	}
	unused := s.Client(t)
	if err := desir.Close(t.Context(), unused); err != nil || !errors.Is(unused.Ping(t.Context()).Err(), redis.ErrClosed) {
		t.Errorf("Close of a client without objects: %v", err)
	}
	closed := s.Client(t)
	_ = closed.Close()
	if err := desir.Close(t.Context(), closed); err != nil {
		t.Errorf("Close of a closed client: %v", err)
	}
	if err := collections.NewMap[string, int](closed, "m").Set(t.Context(), "k", 1); !errors.Is(err, desir.ErrClosed) || errors.Is(err, desir.ErrUnavailable) {
		t.Errorf("Set with a closed client: %v; want ErrClosed", err)
	}
}
