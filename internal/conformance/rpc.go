package conformance

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/rpc"
)

// RPC tests package rpc on a backend.
func RPC(t *testing.T, r *redistest.Redis) {
	must(t, r.Client.Ping(t.Context()).Err()) // goroutines that the client starts are not leaks
	redistest.Goroutines(t)
	run(t, r,
		part{"Calls", rpcCalls},
		part{"Bind", rpcBind},
		part{"Errors", rpcErrors},
		part{"Cyclic", rpcCyclic},
		part{"Refused", rpcRefused},
		part{"Nobody", rpcNobody},
		part{"Overload", rpcOverload},
		part{"Cancel", rpcCancel},
		part{"CancelEarly", rpcCancelEarly},
		part{"Deadline", rpcDeadline},
		part{"Drain", rpcDrain},
		part{"Rolling", rpcRolling},
		part{"Many", rpcMany},
		part{"Quick", rpcQuick},
		part{"Info", rpcInfo},
		part{"Cast", rpcCast},
		part{"Malformed", rpcMalformed},
		part{"Unusable", rpcUnusable},
	)
}

var (
	sum   = rpc.NewMethod[[]int, int]("Sum", rpc.Doc("adds numbers"))
	greet = rpc.NewMethod[string, string]("Greet")
	fail  = rpc.NewMethod[string, struct{}]("Fail")
	block = rpc.NewMethod[string, string]("Hold")
)

func addUp(_ context.Context, ns []int) (total int, err error) {
	for _, n := range ns {
		total += n
	}
	return total, nil
}

// worker runs a server until the test ends or until the caller calls the returned
// function.
func worker(t *testing.T, rdb redis.UniversalClient, service string, set func(*rpc.Server), opts ...rpc.ServerOption) (s *rpc.Server, end func()) {
	t.Helper()
	s = rpc.NewServer(rdb, service, opts...)
	set(s)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	end = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(end)
	return s, end
}

// waitForWorker makes calls wait for a worker that is about to start.
var waitForWorker = rpc.Wait(20 * time.Second)

// calculator returns a worker with Sum and Greet, and a client that has called it.
func calculator(t *testing.T, r *redistest.Redis) (*rpc.Server, *rpc.Client) {
	t.Helper()
	service := name(t, r, "calc")
	s, _ := worker(t, r.Client, service, func(s *rpc.Server) {
		sum.Handle(s, addUp)
		greet.Handle(s, func(_ context.Context, who string) (string, error) { return "hello " + who, nil })
	})
	c := rpc.NewClient(r.Client, service)
	if got, err := sum.Call(t.Context(), c, []int{10, 20, 30, 40, 50}, waitForWorker); err != nil || got != 150 {
		t.Fatalf("Sum(10, 20, 30, 40, 50) = %d, %v; want 150", got, err)
	}
	return s, c
}

func rpcCalls(t *testing.T, r *redistest.Redis) {
	_, c := calculator(t, r)
	if got, err := greet.Call(t.Context(), c, "Ada"); err != nil || got != "hello Ada" {
		t.Errorf("Greet = %q, %v", got, err)
	}
	if got, err := greet.Call(t.Context(), c, ""); err != nil || got != "hello " {
		t.Errorf("Greet of nothing = %q, %v", got, err)
	}
	long := strings.Repeat("x", 900_000)
	if got, err := greet.Call(t.Context(), c, long); err != nil || got != "hello "+long {
		t.Errorf("Greet of %d bytes: %d bytes, %v", len(long), len(got), err)
	}
	if _, err := greet.Call(t.Context(), c, strings.Repeat("x", 1<<20)); !errors.Is(err, codec.ErrTooLarge) {
		t.Errorf("Greet of 1 MiB: %v; want ErrTooLarge", err)
	}
	p := sum.Go(t.Context(), c, []int{1, 2})
	<-p.Done()
	if got, err := p.Wait(t.Context()); err != nil || got != 3 {
		t.Errorf("Go: %d, %v", got, err)
	}
	raw, err := c.Invoke(t.Context(), "Sum", []any{1, 2, 3})
	if text, _ := raw.MarshalJSON(); err != nil || string(text) != "6" {
		t.Errorf("Invoke = %s, %v", text, err)
	}
	if d, err := c.Ping(t.Context()); err != nil || d <= 0 {
		t.Errorf("Ping = %v, %v", d, err)
	}
	methods, err := c.Methods(t.Context())
	if err != nil || len(methods) != 2 || methods[1].Name != "Sum" || methods[1].Doc != "adds numbers" || methods[1].Request != "[int]" || methods[1].Result != "int" || methods[1].Workers != 1 {
		t.Errorf("Methods = %+v, %v", methods, err)
	}
	workers, err := c.Workers(t.Context())
	if err != nil || len(workers) != 1 || len(workers[0].Methods) != 2 || workers[0].Name == "" || workers[0].Started.IsZero() {
		t.Errorf("Workers = %+v, %v", workers, err)
	}
}

func rpcBind(t *testing.T, r *redistest.Redis) {
	service := name(t, r, "bound")
	divide := rpc.NewMethod[struct {
		_msgpack struct{} `msgpack:",as_array"` //nolint:unused // encodes the fields as an array
		A, B     int
	}, int]("Divide")
	worker(t, r.Client, service, func(s *rpc.Server) {
		sum.Handle(s, addUp)
		greet.Handle(s, func(_ context.Context, who string) (string, error) { return "hello " + who, nil })
		divide.Handle(s, func(_ context.Context, q struct {
			_msgpack struct{} `msgpack:",as_array"` //nolint:unused // encodes the fields as an array
			A, B     int
		},
		) (int, error) {
			if q.B == 0 {
				return 0, rpc.Errorf(rpc.InvalidArgument, "division by zero")
			}
			return q.A / q.B, nil
		})
		rpc.NewMethod[struct{}, struct{}]("Reset").Handle(s, func(context.Context, struct{}) (struct{}, error) { return struct{}{}, nil })
	})
	var api struct {
		Sum    func(ctx context.Context, ns ...int) (int, error)
		Hello  func(ctx context.Context, who string) (string, error) `rpc:"Greet"`
		Divide func(ctx context.Context, a, b int) (int, error)
		Reset  func(ctx context.Context) error
		Wrong  func(ctx context.Context, text string) (int, error) `rpc:"Sum"`
		Other  int
		Left   func() `rpc:"-"`
	}
	c := rpc.NewClient(r.Client, service)
	must(t, rpc.Bind(c, &api))
	if _, err := sum.Call(t.Context(), c, nil, waitForWorker); err != nil {
		t.Fatal(err)
	}
	if got, err := api.Sum(t.Context(), 10, 20, 30, 40, 50); err != nil || got != 150 {
		t.Errorf("Sum = %d, %v", got, err)
	}
	if got, err := api.Sum(t.Context()); err != nil || got != 0 {
		t.Errorf("Sum of nothing = %d, %v", got, err)
	}
	if got, err := api.Hello(t.Context(), "Ada"); err != nil || got != "hello Ada" {
		t.Errorf("Greet = %q, %v", got, err)
	}
	if got, err := api.Divide(t.Context(), 42, 6); err != nil || got != 7 {
		t.Errorf("Divide = %d, %v", got, err)
	}
	if _, err := api.Divide(t.Context(), 1, 0); rpc.CodeOf(err) != rpc.InvalidArgument || !strings.Contains(err.Error(), "division by zero") {
		t.Errorf("Divide by zero: %v", err)
	}
	if err := api.Reset(t.Context()); err != nil {
		t.Errorf("Reset: %v", err)
	}
	if _, err := api.Wrong(t.Context(), "ten"); rpc.CodeOf(err) != rpc.InvalidArgument {
		t.Errorf("Sum of a text: %v; want InvalidArgument of the worker", err)
	}
	for what, bad := range map[string]any{
		"no pointer": api,
		"nil":        nil,
		"nothing":    &struct{ A int }{},
		"no context": &struct{ F func(int) error }{},
		"no error":   &struct{ F func(context.Context) int }{},
		"three": &struct {
			F func(context.Context) (int, int, error)
		}{},
		"a channel": &struct {
			F func(context.Context, chan int) error
		}{},
		"no function": &struct {
			F int `rpc:"f"`
		}{},
		"no name": &struct {
			F func(context.Context) error `rpc:""`
		}{},
	} {
		if err := rpc.Bind(c, bad); err == nil {
			t.Errorf("Bind of %s did not fail", what)
		}
	}
}

func rpcMany(t *testing.T, r *redistest.Redis) {
	_, c := calculator(t, r)
	reqs := make([][]int, 3000)
	for i := range reqs {
		reqs[i] = []int{i, 1}
	}
	results, err := sum.CallMany(t.Context(), c, reqs)
	must(t, err)
	for i, one := range results {
		if one.Err != nil || one.Value != i+1 {
			t.Fatalf("call %d: %d, %v", i, one.Value, one.Err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	results, err = sum.CallMany(ctx, c, reqs[:3])
	if !errors.Is(err, context.Canceled) || len(results) != 3 || !errors.Is(results[2].Err, context.Canceled) {
		t.Errorf("canceled before: %v, %v", results, err)
	}
	if results, err := sum.CallMany(t.Context(), c, nil); err != nil || len(results) != 0 {
		t.Errorf("no calls: %v, %v", results, err)
	}
}

func rpcInfo(t *testing.T, r *redistest.Redis) {
	service := name(t, r, "info")
	var mu sync.Mutex
	var seen []string
	note := func(s string) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, s)
	}
	trace := func(who string) rpc.Interceptor {
		return func(ctx context.Context, call *rpc.CallInfo, next func(context.Context) error) error {
			note(who + " " + call.Method)
			err := next(ctx)
			note(who + " done")
			return err
		}
	}
	stamp := func(ctx context.Context, call *rpc.CallInfo, next func(context.Context) error) error {
		call.Headers["trace"] = "7"
		return next(ctx)
	}
	guard := func(ctx context.Context, call *rpc.CallInfo, next func(context.Context) error) error {
		if call.Headers["key"] != "secret" {
			return rpc.Errorf(rpc.Unauthenticated, "who are you?")
		}
		return next(ctx)
	}
	worker(t, r.Client, service, func(s *rpc.Server) {
		greet.Handle(s, func(ctx context.Context, who string) (string, error) {
			info, ok := rpc.InfoFrom(ctx)
			if !ok || info.Service != service || info.Method != "Greet" || info.Caller == "" || info.ID == 0 || info.Worker == "" {
				t.Errorf("InfoFrom = %+v, %v", info, ok)
			}
			return info.Headers["trace"] + info.Headers["lang"], nil
		}, rpc.Intercept(guard))
	}, rpc.Intercept(trace("server")))
	c := rpc.NewClient(r.Client, service, rpc.Intercept(trace("client"), stamp))
	if _, err := greet.Call(t.Context(), c, "Ada", waitForWorker); rpc.CodeOf(err) != rpc.Unauthenticated || !isWorkerError(err) {
		t.Errorf("without the key: %v", err)
	}
	mu.Lock()
	seen = nil
	mu.Unlock()
	got, err := greet.Call(t.Context(), c, "Ada", rpc.Header("key", "secret"), rpc.Header("lang", "en"))
	if err != nil || got != "7en" {
		t.Errorf("Greet = %q, %v", got, err)
	}
	mu.Lock()
	defer mu.Unlock()
	if got := strings.Join(seen, ", "); got != "client Greet, server Greet, server done, client done" {
		t.Errorf("the interceptors saw %s", got)
	}
	if _, ok := rpc.InfoFrom(t.Context()); ok {
		t.Error("InfoFrom outside of a handler")
	}
}

func rpcCast(t *testing.T, r *redistest.Redis) {
	service := name(t, r, "cast")
	c := rpc.NewClient(r.Client, service)
	if err := greet.Cast(t.Context(), c, "nobody"); !errors.Is(err, rpc.ErrNoWorkers) {
		t.Errorf("without a worker: %v", err)
	}
	came := make(chan string, 1)
	worker(t, r.Client, service, func(s *rpc.Server) {
		greet.Handle(s, func(_ context.Context, who string) (string, error) {
			came <- who
			return who, nil
		})
	})
	must(t, greet.Cast(t.Context(), c, "Ada", waitForWorker))
	if got := <-came; got != "Ada" {
		t.Errorf("it got %q", got)
	}
}
