package conformance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/rpc"
)

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
		_, err := fail.Call(t.Context(), c, how, waitForWorker)
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
	err = second(c.Invoke(t.Context(), "Sum", []any{1, "secret"}))
	if err == nil || !strings.Contains(err.Error(), "[1]: text, want integer (int)") || strings.Contains(err.Error(), "secret") {
		t.Errorf("a request that does not fit: %v; want the path and the kinds, without the value", err)
	}
	if got, err := rpc.NewMethod[[]int64, int8]("Sum").Call(t.Context(), c, []int64{40, 2}); err != nil || got != 42 {
		t.Errorf("integers of other sizes: %d, %v", got, err)
	}
	bad, ok := errors.AsType[*codec.DecodeError](second(rpc.NewMethod[[]int64, int8]("Sum").Call(t.Context(), c, []int64{1000})))
	if !ok {
		t.Errorf("a result that does not fit: %v; want a DecodeError", bad)
	}
	if n := s.Stats().Refused; n != 6 {
		t.Errorf("%d calls were refused; want 6", n)
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
	if _, err := sum.Call(ctx, c, nil, waitForWorker); !errors.Is(err, context.DeadlineExceeded) || isWorkerError(err) {
		t.Errorf("waiting until the deadline: %v; want the deadline", err)
	}
	if n, err := r.Client.Exists(t.Context(), service).Result(); err != nil || n != 0 {
		t.Errorf("the list exists: %d, %v", n, err)
	}
	if all, err := c.Methods(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("Methods = %v, %v", all, err)
	}
	must(t, r.Client.Set(t.Context(), keys.Part(service, "alive"), "many", time.Minute).Err())
	if _, err := sum.Call(t.Context(), c, nil); !errors.Is(err, rpc.ErrNoWorkers) {
		t.Errorf("an unknown value in the key of workers: %v; want ErrNoWorkers", err)
	}
	p := sum.Go(t.Context(), c, []int{1, 2}, waitForWorker)
	worker(t, r.Client, service, func(s *rpc.Server) { sum.Handle(s, addUp) })
	if got, err := p.Wait(t.Context()); err != nil || got != 3 {
		t.Errorf("with a worker: %d, %v", got, err)
	}
}

// rpcMalformed pushes bytes that are not calls to the list of calls.
func rpcMalformed(t *testing.T, r *redistest.Redis) {
	s, c := calculator(t, r)
	key := c.Service()
	for _, bad := range []string{
		"", "x", "\x98", strings.Repeat("\x91", 100_000), "\xdd\xff\xff\xff\xff", strings.Repeat("a", 2<<20),
		"\x98\x01\xa3x:y\x01\xa3Sum\xa8[int]>int\x00\x80\xc4\x01\x90", // an inbox that is not an ID
		"\x98\x02\xa0\x00\xa3Sum\xa8[int]>int\x00\x80\xc4\x01\x90",    // another version
		"\x98\x01\xa0\x00\xa3Sum\xa8[int]>int\x00\x80\xc4\x01\xc1",    // an invalid body
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
