package conformance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/rpc"
)

// RPC is the suite of package rpc.
func RPC(t *testing.T, r *redistest.Redis) {
	must(t, r.Client.Ping(t.Context()).Err()) // what the client starts for itself is not ours
	redistest.Goroutines(t)
	run(t, r,
		part{"Calls", rpcCalls},
		part{"Bind", rpcBind},
		part{"Errors", rpcErrors},
		part{"Refused", rpcRefused},
		part{"Nobody", rpcNobody},
		part{"Overload", rpcOverload},
		part{"Cancel", rpcCancel},
		part{"Deadline", rpcDeadline},
		part{"Drain", rpcDrain},
		part{"Rolling", rpcRolling},
		part{"Many", rpcMany},
		part{"Info", rpcInfo},
		part{"Cast", rpcCast},
		part{"Hostile", rpcHostile},
		part{"Unusable", rpcUnusable},
	)
}

var (
	sum   = rpc.NewMethod[[]int, int]("Sum", rpc.Doc("adds numbers"))
	greet = rpc.NewMethod[string, string]("Greet")
	fail  = rpc.NewMethod[string, struct{}]("Fail")
	hold  = rpc.NewMethod[string, string]("Hold")
)

func addUp(_ context.Context, ns []int) (total int, err error) {
	for _, n := range ns {
		total += n
	}
	return total, nil
}

// worker runs a server until the test, or the function that it returns, ends it.
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

// patient lets calls wait for a worker that is about to begin.
var patient = rpc.Wait(20 * time.Second)

// calculator is a worker with Sum and Greet, and a client that has seen it.
func calculator(t *testing.T, r *redistest.Redis) (*rpc.Server, *rpc.Client) {
	t.Helper()
	service := name(t, r, "calc")
	s, _ := worker(t, r.Client, service, func(s *rpc.Server) {
		sum.Handle(s, addUp)
		greet.Handle(s, func(_ context.Context, who string) (string, error) { return "hello " + who, nil })
	})
	c := rpc.NewClient(r.Client, service)
	if got, err := sum.Call(t.Context(), c, []int{10, 20, 30, 40, 50}, patient); err != nil || got != 150 {
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
		_msgpack struct{} `msgpack:",as_array"` //nolint:unused // how the fields travel
		A, B     int
	}, int]("Divide")
	worker(t, r.Client, service, func(s *rpc.Server) {
		sum.Handle(s, addUp)
		greet.Handle(s, func(_ context.Context, who string) (string, error) { return "hello " + who, nil })
		divide.Handle(s, func(_ context.Context, q struct {
			_msgpack struct{} `msgpack:",as_array"` //nolint:unused // how the fields travel
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
	if _, err := sum.Call(t.Context(), c, nil, patient); err != nil {
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

var errStock = errors.New("out of stock")

type shortage struct {
	Item string
	Left int
}

func (s *shortage) Error() string { return fmt.Sprintf("only %d of %s", s.Left, s.Item) }

func init() {
	rpc.RegisterError("conformance.errStock", errStock)
	rpc.RegisterErrorType[*shortage]("conformance.shortage")
}

func rpcErrors(t *testing.T, r *redistest.Redis) {
	service := name(t, r, "failing")
	worker(t, r.Client, service, func(s *rpc.Server) {
		fail.Handle(s, func(_ context.Context, how string) (none struct{}, err error) {
			switch how {
			case "plain":
				err = errors.New("plain")
			case "sentinel":
				err = fmt.Errorf("order 7: %w", errStock)
			case "typed":
				err = fmt.Errorf("order 7: %w", &shortage{"pears", 3})
			case "both":
				err = errors.Join(errStock, fmt.Errorf("while reading: %w", io.EOF), fs.ErrNotExist)
			case "canceled":
				err = context.Canceled
			case "deadline":
				err = fmt.Errorf("asking the bank: %w", context.DeadlineExceeded)
			case "code":
				err = rpc.Errorf(rpc.FailedPrecondition, "pay first: %w", errStock)
			case "details":
				err = (&rpc.Error{Code: rpc.NotFound, Message: "no such order"}).With("order", "7")
			case "panic":
				panic("at the disco")
			case "exit":
				runtime.Goexit()
			case "long":
				err = errors.New(strings.Repeat("é", 10_000))
			case "away":
				err = desir.ErrUnavailable
			}
			return none, err
		})
	})
	c := rpc.NewClient(r.Client, service)
	ask := func(how string) error {
		_, err := fail.Call(t.Context(), c, how, patient)
		return err
	}
	if err := ask("nothing"); err != nil {
		t.Fatal(err)
	}
	for how, want := range map[string]struct {
		code rpc.Code
		is   []error
	}{
		"plain":    {rpc.Unknown, nil},
		"sentinel": {rpc.Unknown, []error{errStock}},
		"both":     {rpc.NotFound, []error{errStock, io.EOF, fs.ErrNotExist}},
		"canceled": {rpc.Canceled, []error{context.Canceled}},
		"deadline": {rpc.DeadlineExceeded, []error{context.DeadlineExceeded}},
		"code":     {rpc.FailedPrecondition, []error{errStock}},
		"details":  {rpc.NotFound, nil},
		"panic":    {rpc.Internal, nil},
		"exit":     {rpc.Internal, nil},
		"long":     {rpc.Unknown, nil},
		"away":     {rpc.Unavailable, nil},
	} {
		err := ask(how)
		e, ok := errors.AsType[*rpc.Error](err)
		if !ok || e.Code != want.code || e.Method != "Fail" || e.Worker == "" || rpc.CodeOf(err) != want.code {
			t.Errorf("%s: %v (%+v); want %v of the worker", how, err, e, want.code)
			continue
		}
		for _, target := range []error{errStock, io.EOF, fs.ErrNotExist, context.Canceled, context.DeadlineExceeded} {
			wanted := false
			for _, is := range want.is {
				wanted = wanted || is == target
			}
			if errors.Is(err, target) != wanted {
				t.Errorf("%s: errors.Is(err, %v) = %v", how, target, !wanted)
			}
		}
		if len(err.Error()) > 2000 {
			t.Errorf("%s: a text of %d bytes", how, len(err.Error()))
		}
		if errors.Is(err, desir.ErrUnavailable) {
			t.Errorf("%s: it says that the call did not run", how)
		}
	}
	if s, ok := errors.AsType[*shortage](ask("typed")); !ok || s.Item != "pears" || s.Left != 3 {
		t.Errorf("typed: %+v, %v", s, ok)
	}
	if e, _ := errors.AsType[*rpc.Error](ask("details")); e.Details["order"] != "7" || e.Message != "no such order" {
		t.Errorf("details: %+v", e)
	}
	if err := ask("panic"); strings.Contains(err.Error(), "disco") {
		t.Errorf("the caller sees what the worker panicked with: %v", err)
	}
	if err := ask("nothing"); err != nil {
		t.Errorf("after a panic: %v", err)
	}
}

func rpcRefused(t *testing.T, r *redistest.Redis) {
	s, c := calculator(t, r)
	_, err := rpc.NewMethod[int, int]("sum").Call(t.Context(), c, 1)
	if !errors.Is(err, rpc.ErrUnknownMethod) || rpc.CodeOf(err) != rpc.Unimplemented {
		t.Errorf("another name: %v; want ErrUnknownMethod", err)
	}
	for what, err := range map[string]error{
		"text":   second(rpc.NewMethod[string, int]("Sum").Call(t.Context(), c, "1")),
		"result": second(rpc.NewMethod[[]int, string]("Sum").Call(t.Context(), c, nil)),
		"nested": second(rpc.NewMethod[[][]int, int]("Sum").Call(t.Context(), c, nil)),
		"any":    second(c.Invoke(t.Context(), "Sum", "one")),
	} {
		if e, ok := errors.AsType[*rpc.Error](err); !ok || e.Code != rpc.InvalidArgument {
			t.Errorf("%s: %v; want InvalidArgument of the worker", what, err)
		}
	}
	if got, err := rpc.NewMethod[[]int64, int8]("Sum").Call(t.Context(), c, []int64{40, 2}); err != nil || got != 42 {
		t.Errorf("integers of other sizes: %d, %v", got, err)
	}
	bad, ok := errors.AsType[*codec.DecodeError](second(rpc.NewMethod[[]int64, int8]("Sum").Call(t.Context(), c, []int64{1000})))
	if !ok {
		t.Errorf("a result that does not fit: %v; want a DecodeError", bad)
	}
	if n := s.Stats().Refused; n != 5 {
		t.Errorf("%d calls were refused; want 5", n)
	}
}

func rpcNobody(t *testing.T, r *redistest.Redis) {
	service := name(t, r, "nobody")
	c := rpc.NewClient(r.Client, service)
	if _, err := sum.Call(t.Context(), c, nil); !errors.Is(err, rpc.ErrNoWorkers) || errors.Is(err, desir.ErrMaybeRan) {
		t.Errorf("without a worker: %v; want ErrNoWorkers", err)
	}
	if _, err := sum.Call(t.Context(), c, nil, rpc.Wait(100*time.Millisecond)); !errors.Is(err, rpc.ErrNoWorkers) {
		t.Errorf("after waiting: %v; want ErrNoWorkers", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := sum.Call(ctx, c, nil, patient); !errors.Is(err, context.DeadlineExceeded) || rpcAnswered(err) {
		t.Errorf("waiting until the deadline: %v; want the deadline", err)
	}
	if n, err := r.Client.Exists(t.Context(), service).Result(); err != nil || n != 0 {
		t.Errorf("the list is there: %d, %v", n, err)
	}
	if all, err := c.Methods(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("Methods = %v, %v", all, err)
	}
	p := sum.Go(t.Context(), c, []int{1, 2}, patient)
	worker(t, r.Client, service, func(s *rpc.Server) { sum.Handle(s, addUp) })
	if got, err := p.Wait(t.Context()); err != nil || got != 3 {
		t.Errorf("once a worker came: %d, %v", got, err)
	}
}

// holder is a worker whose Hold says on entered that it runs, and waits for leave or for the end
// of its context, whose cause it returns.
func holder(t *testing.T, r *redistest.Redis, service string, opts ...rpc.ServerOption) (s *rpc.Server, entered, leave chan string, end func()) {
	entered, leave = make(chan string, 1000), make(chan string)
	s, end = worker(t, r.Client, service, func(s *rpc.Server) {
		hold.Handle(s, func(ctx context.Context, what string) (string, error) {
			entered <- what
			select {
			case <-leave:
				return what, nil
			case <-ctx.Done():
				entered <- "ended: " + context.Cause(ctx).Error()
				return "", ctx.Err()
			}
		})
	}, opts...)
	return s, entered, leave, end
}

// waiting waits until so many calls wait.
func waiting(t *testing.T, r *redistest.Redis, service string, want int64) {
	t.Helper()
	redistest.Eventually(t, 20*time.Second, func() bool {
		n, err := r.Client.LLen(t.Context(), service).Result()
		return err == nil && n == want
	}, fmt.Sprintf("%d calls wait", want))
}

func rpcOverload(t *testing.T, r *redistest.Redis) {
	service := name(t, r, "busy")
	s, entered, leave, _ := holder(t, r, service, rpc.Concurrency(1), rpc.QueueLimit(2))
	c := rpc.NewClient(r.Client, service)
	first := hold.Go(t.Context(), c, "first", patient)
	<-entered
	others := []*rpc.Pending[string]{hold.Go(t.Context(), c, "second"), hold.Go(t.Context(), c, "third")}
	waiting(t, r, service, 2)
	if _, err := hold.Call(t.Context(), c, "fourth"); !errors.Is(err, rpc.ErrOverloaded) {
		t.Errorf("a call too many: %v; want ErrOverloaded", err)
	}
	for range 3 {
		leave <- ""
	}
	for _, p := range append(others, first) {
		if _, err := p.Wait(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if st := s.Stats(); st.Done != 3 || st.Running != 0 {
		t.Errorf("%+v", st)
	}
}

func rpcCancel(t *testing.T, r *redistest.Redis) {
	service := name(t, r, "cancel")
	s, entered, _, _ := holder(t, r, service, rpc.Concurrency(1))
	c := rpc.NewClient(r.Client, service)
	ctx, cancel := context.WithCancel(t.Context())
	running := hold.Go(ctx, c, "runs", patient)
	<-entered
	waits, stop := context.WithCancel(t.Context())
	queued := hold.Go(waits, c, "waits")
	waiting(t, r, service, 1)
	stop()
	if _, err := queued.Wait(t.Context()); !errors.Is(err, context.Canceled) || !errors.Is(err, desir.ErrMaybeRan) || rpcAnswered(err) {
		t.Errorf("canceled in the list: %v; want the context's error and ErrMaybeRan", err)
	}
	cancel()
	if _, err := running.Wait(t.Context()); !errors.Is(err, context.Canceled) || !errors.Is(err, desir.ErrMaybeRan) || rpcAnswered(err) {
		t.Errorf("canceled while it runs: %v; want the context's error and ErrMaybeRan", err)
	}
	if got := <-entered; got != "ended: context canceled" {
		t.Errorf("the handler saw %q", got)
	}
	redistest.Eventually(t, 20*time.Second, func() bool { return s.Stats().Expired == 1 }, "the call in the list has not begun")
	none, over := context.WithCancel(t.Context())
	over()
	if _, err := hold.Call(none, c, "never"); !errors.Is(err, context.Canceled) || errors.Is(err, desir.ErrMaybeRan) {
		t.Errorf("canceled before: %v", err)
	}
}

func rpcAnswered(err error) bool {
	_, ok := errors.AsType[*rpc.Error](err)
	return ok
}

func rpcDeadline(t *testing.T, r *redistest.Redis) {
	service := name(t, r, "late")
	s, entered, _, _ := holder(t, r, service, rpc.Concurrency(1))
	c := rpc.NewClient(r.Client, service)
	if _, err := c.Ping(t.Context()); errors.Is(err, rpc.ErrNoWorkers) {
		redistest.Eventually(t, 20*time.Second, func() bool { _, err := c.Ping(t.Context()); return err == nil }, "the worker is there")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	running := hold.Go(ctx, c, "runs")
	<-entered
	sooner, stop := context.WithTimeout(ctx, time.Second)
	defer stop()
	queued := hold.Go(sooner, c, "waits")
	waiting(t, r, service, 1)
	for what, p := range map[string]*rpc.Pending[string]{"running": running, "queued": queued} {
		if _, err := p.Wait(t.Context()); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, desir.ErrMaybeRan) && !rpcAnswered(err) {
			t.Errorf("%s: %v; want the deadline", what, err)
		}
	}
	if got := <-entered; got != "ended: context deadline exceeded" {
		t.Errorf("the handler saw %q", got)
	}
	redistest.Eventually(t, 20*time.Second, func() bool { return s.Stats().Expired == 1 }, "the call in the list has not begun")
}

func rpcDrain(t *testing.T, r *redistest.Redis) {
	service := name(t, r, "drain")
	_, entered, leave, end := holder(t, r, service)
	c := rpc.NewClient(r.Client, service)
	p := hold.Go(t.Context(), c, "runs", patient)
	<-entered
	ended := make(chan struct{})
	go func() { end(); close(ended) }()
	leave <- ""
	if got, err := p.Wait(t.Context()); err != nil || got != "runs" {
		t.Errorf("a call that ran when the server had to end: %q, %v", got, err)
	}
	<-ended
	if _, err := hold.Call(t.Context(), c, "after"); !errors.Is(err, rpc.ErrNoWorkers) {
		t.Errorf("afterwards: %v; want ErrNoWorkers", err)
	}
	s, entered, _, end := holder(t, r, service, rpc.Grace(0))
	p = hold.Go(t.Context(), c, "again", patient)
	<-entered
	must(t, s.Shutdown(t.Context()))
	if _, err := p.Wait(t.Context()); rpc.CodeOf(err) != rpc.Canceled || !rpcAnswered(err) {
		t.Errorf("a call that the end of the server has canceled: %v", err)
	}
	if got := <-entered; got != "ended: "+rpc.ErrStopped.Error() {
		t.Errorf("the handler saw %q", got)
	}
	end()
	must(t, s.Shutdown(t.Context()))
}

// rpcRolling restarts two workers one after the other under load: no call that may wait fails.
func rpcRolling(t *testing.T, r *redistest.Redis) {
	service := name(t, r, "rolling")
	c := rpc.NewClient(r.Client, service)
	begin := func() func() {
		_, end := worker(t, r.Client, service, func(s *rpc.Server) { sum.Handle(s, addUp) })
		return end
	}
	ends := []func(){begin(), begin()}
	ctx, stop := context.WithCancel(t.Context())
	var group sync.WaitGroup
	var calls atomic.Int64
	for g := range 8 {
		group.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				if got, err := sum.Call(t.Context(), c, []int{g, i}, patient); err != nil || got != g+i {
					t.Errorf("%d+%d = %d, %v", g, i, got, err)
					return
				}
				calls.Add(1)
			}
		})
	}
	for range 3 {
		for i := range ends {
			before := calls.Load()
			redistest.Eventually(t, 20*time.Second, func() bool { return calls.Load() > before+20 || t.Failed() }, "calls go on")
			ends[i]()
			ends[i] = begin()
		}
	}
	stop()
	group.Wait()
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
	if _, err := greet.Call(t.Context(), c, "Ada", patient); rpc.CodeOf(err) != rpc.Unauthenticated || !rpcAnswered(err) {
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
	must(t, greet.Cast(t.Context(), c, "Ada", patient))
	if got := <-came; got != "Ada" {
		t.Errorf("it got %q", got)
	}
}

// rpcHostile puts things into the list that are no calls.
func rpcHostile(t *testing.T, r *redistest.Redis) {
	s, c := calculator(t, r)
	key := c.Service()
	for _, bad := range []string{
		"", "x", "\x98", strings.Repeat("\x91", 100_000), "\xdd\xff\xff\xff\xff", strings.Repeat("a", 2<<20),
		"\x98\x01\xa3x:y\x01\xa3Sum\xa8[int]>int\x00\x80\xc4\x01\x90", // an inbox that is no ID
		"\x98\x02\xa0\x00\xa3Sum\xa8[int]>int\x00\x80\xc4\x01\x90",    // another version
		"\x98\x01\xa0\x00\xa3Sum\xa8[int]>int\x00\x80\xc4\x01\xc1",    // a body that is nothing
	} {
		if err := r.Client.RPush(t.Context(), key, bad).Err(); err != nil {
			t.Fatal(err)
		}
	}
	redistest.Eventually(t, 20*time.Second, func() bool { return s.Stats().Refused == 9 }, "all are refused")
	if got, err := sum.Call(t.Context(), c, []int{1, 2}); err != nil || got != 3 {
		t.Errorf("afterwards: %d, %v", got, err)
	}
}

func rpcUnusable(t *testing.T, r *redistest.Redis) {
	c := rpc.NewClient(r.Client, name(t, r, "unusable"))
	for what, err := range map[string]error{
		"no name":     second(rpc.NewMethod[int, int]("").Call(t.Context(), c, 1)),
		"control":     second(rpc.NewMethod[int, int]("a\nb").Call(t.Context(), c, 1)),
		"reserved":    second(rpc.NewMethod[int, int]("desir.x").Call(t.Context(), c, 1)),
		"a channel":   second(rpc.NewMethod[chan int, int]("C").Call(t.Context(), c, nil)),
		"no service":  second(sum.Call(t.Context(), rpc.NewClient(r.Client, ""), nil)),
		"braces":      second(sum.Call(t.Context(), rpc.NewClient(r.Client, "a}{b"), nil)),
		"no client":   second(sum.Call(t.Context(), rpc.NewClient(nil, "calc"), nil)),
		"nil":         second(sum.Call(t.Context(), nil, nil)),
		"run no name": rpc.NewServer(r.Client, "").Run(t.Context()),
		"run bounds":  rpc.NewServer(r.Client, "x", rpc.Concurrency(0)).Run(t.Context()),
		"run grace":   rpc.NewServer(r.Client, "x", rpc.Grace(-1)).Run(t.Context()),
	} {
		if err == nil {
			t.Errorf("%s: no error", what)
		}
	}
	s := rpc.NewServer(r.Client, name(t, r, "twice"))
	sum.Handle(s, addUp)
	sum.Handle(s, addUp)
	if err := s.Run(t.Context()); err == nil {
		t.Error("two handlers of one method: no error")
	}
	wrong := name(t, r, "wrong")
	must(t, r.Client.Set(t.Context(), wrong, "text", 0).Err())
	if err := rpc.NewServer(r.Client, wrong).Run(t.Context()); !errors.Is(err, desir.ErrWrongType) {
		t.Errorf("Run on a key of another type: %v; want ErrWrongType", err)
	}
	must(t, c.Close())
	if _, err := sum.Call(t.Context(), c, nil); !errors.Is(err, desir.ErrClosed) {
		t.Errorf("a closed client: %v", err)
	}
}
