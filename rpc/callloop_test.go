package rpc

import (
	"context"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/desir-go/desir/internal/redistest"
)

// TestInline uses a handler that is quick and then slow: it runs on the reading goroutine
// first, and on its own later.
func TestInline(t *testing.T) {
	rdb := redistest.StartServer(t).Client(t)
	where := NewMethod[bool, bool]("Where")
	s := NewServer(rdb, "inline")
	where.Handle(s, func(context.Context, bool) (bool, error) {
		return strings.Contains(string(debug.Stack()), "(*callLoop).dispatch"), nil
	})
	serve(t, s)
	c := NewClient(rdb, "inline")
	for _, quick := range []bool{true, false, true} {
		s.handler("Where").estimate.ns.Store(0)
		if !quick {
			s.handler("Where").estimate.ns.Store(int64(time.Hour))
		}
		if got, err := where.Call(t.Context(), c, quick, Wait(20*time.Second)); err != nil || got != quick {
			t.Errorf("quick %t: it ran inline: %t, %v", quick, got, err)
		}
	}
}

// TestEstimate checks how slow runs affect the estimate.
func TestEstimate(t *testing.T) {
	var u estimate
	u.observe(time.Minute)
	if u.time() != inlineTimeout {
		t.Errorf("after a minute: %v", u.time())
	}
	runs := 0
	for ; u.time() > maxInlineTime; runs++ {
		u.observe(time.Microsecond)
	}
	if want := int((inlineTimeout - maxInlineTime) / time.Microsecond); runs != want {
		t.Errorf("it is quick again after %d runs; want %d", runs, want)
	}
}

// serve runs a worker until the test ends.
func serve(t *testing.T, s *Server) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
