package integration

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/rpc"
)

// callTimeout is the deadline of a call under load. Without it, a call that was lost with
// a worker's broken connection would end only after about 15 seconds.
const callTimeout = time.Second

// calls records the RPC calls: which ones workers ran, and the errors that callers got.
type calls struct {
	mu         sync.Mutex
	ran        map[string][]time.Time // when a call's handler ran
	notRun     map[string]error       // errors which say that the call did not run
	unexpected []string               // unexpected outcomes
}

var echo = rpc.NewMethod[string, string]("Echo")

// serve runs a worker until the context ends.
func (l *load) serve(ctx context.Context, w int) error {
	s := rpc.NewServer(l.rdb, l.object(w, "rpc"))
	echo.Handle(s, func(_ context.Context, id string) (string, error) {
		l.calls.mu.Lock()
		defer l.calls.mu.Unlock()
		l.calls.ran[id] = append(l.calls.ran[id], time.Now())
		return id, nil
	})
	return s.Run(ctx)
}

// call calls a worker until the context ends.
func (l *load) call(ctx context.Context, w int) {
	c := rpc.NewClient(l.rdb, l.object(w, "rpc"))
	for i, last := 1, time.Now(); ctx.Err() == nil; i++ {
		id := fmt.Sprint(w, "/", i)
		soon, cancel := context.WithTimeout(ctx, callTimeout)
		got, err := echo.Call(soon, c, id)
		cancel()
		l.packages["rpc"].record(w, err, &last)
		l.calls.record(id, got, err)
	}
}

func (c *calls) record(id, got string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case err == nil && got == id:
	case errors.Is(err, desir.ErrMaybeRan):
	case errors.Is(err, desir.ErrUnavailable), errors.Is(err, rpc.ErrNoWorkers):
		c.notRun[id] = err
	default:
		c.unexpected = append(c.unexpected, fmt.Sprintf("call %s: %q, %v", id, got, err))
	}
}

// verify adds a finding for each call whose handler ran twice, for each call whose
// handler ran although the caller's error says that it did not, and for each unexpected
// outcome.
func (c *calls) verify(found *findings, lossy lossWindow) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, times := range c.ran {
		if len(times) > 1 && !lossy.hasAny(times) {
			found.add("call %s ran %d times", id, len(times))
		}
		if err := c.notRun[id]; err != nil && !lossy.hasAny(times) {
			found.add("call %s ran, but its caller got an error which says that it did not: %v", id, err)
		}
	}
	if n := len(c.unexpected); n > 0 {
		found.add("%d calls ended with an unexpected outcome, the first ones: %q", n, c.unexpected[:min(n, 5)])
	}
}
