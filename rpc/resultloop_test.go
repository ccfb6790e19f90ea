package rpc

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/internal/send"
	"github.com/desir-go/desir/rpc/internal/wire"
)

// newDirectInbox returns a client and its inbox, which allows direct mode.
func newDirectInbox(t *testing.T, rdb *redis.Client, service string) (*Client, *inbox) {
	t.Helper()
	double := NewMethod[int, int]("Double")
	s := NewServer(rdb, service)
	double.Handle(s, func(_ context.Context, n int) (int, error) { return 2 * n, nil })
	serve(t, s)
	c := NewClient(rdb, service)
	for range 10 * loneReadsForDirect {
		if n, err := double.Call(t.Context(), c, 21, Wait(20*time.Second)); err != nil || n != 42 {
			t.Fatalf("Double = %d, %v", n, err)
		}
	}
	ib, err := c.sharedInbox()
	if err != nil {
		t.Fatal(err)
	}
	return c, ib
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

// hasConn reports whether the reader has a connection, once it is idle.
func hasConn(ib *inbox) bool {
	ib.mu.Lock()
	defer ib.mu.Unlock()
	return ib.reading || ib.reader.Conn != nil
}

// TestCloseIdle checks that an unused reader is closed.
func TestCloseIdle(t *testing.T) {
	_, ib := newDirectInbox(t, redistest.StartServer(t).Client(t), "tidy")
	if !hasConn(ib) {
		t.Error("the connection was closed at once")
	}
	redistest.Eventually(t, 20*time.Second, func() bool { return !hasConn(ib) }, "the connection is closed")
}

// TestDirectUsable checks when direct mode is allowed.
func TestDirectUsable(t *testing.T) {
	c, ib := newDirectInbox(t, redistest.StartServer(t).Client(t), "leads")
	ib.mu.Lock() // no call can enter
	defer ib.mu.Unlock()
	d := &ib.direct
	ready := func() *pendingCall {
		d.releasedAt, d.clientUsedAt = time.Now().Add(time.Minute), time.Now()
		p := newPendingCall(ib)
		p.client = c
		return p
	}
	if p := ready(); !d.usable(t.Context(), p) {
		t.Fatal("direct mode is not allowed")
	}
	for what, change := range map[string]func(p *pendingCall){
		"a large call":                         func(p *pendingCall) { p.write.Value = string(make([]byte, maxDirectFrame+1)) },
		"a connection that was not used":       func(*pendingCall) { d.releasedAt = time.Now().Add(-2 * maxUnread) },
		"a second in which the client was not": func(*pendingCall) { d.clientUsedAt = time.Now().Add(-2 * maxDirectTime) },
	} {
		p := ready()
		change(p)
		if d.usable(t.Context(), p) {
			t.Errorf("direct mode over %s", what)
		}
	}
}

// TestDirectCallEnded passes a call that has already ended to lead: it is not stored,
// neither over the connection nor through the client.
func TestDirectCallEnded(t *testing.T) {
	rdb := redistest.StartServer(t).Client(t)
	c, ib := newDirectInbox(t, rdb, "ended")
	double := NewMethod[int, int]("Double")
	for _, stale := range []bool{false, true} {
		p := newPendingCall(ib)
		p.client, p.id = c, ib.castID()
		ib.mu.Lock()
		ib.reading, ib.direct.offered = true, false
		ib.direct.releasedAt = time.Now()
		if stale {
			ib.direct.releasedAt = time.Time{}
		}
		ib.mu.Unlock()
		p.end(desir.ErrClosed)
		q := wire.Request{Inbox: ib.id, ID: p.id, Method: "Double", Signature: "i>i"}
		ib.direct.run(t.Context(), p, &q)
		if <-p.done; !errors.Is(p.err, desir.ErrClosed) {
			t.Errorf("the call: %v", p.err)
		}
		if p.write.Cancel() || p.storeDone.Load() {
			t.Error("it was stored")
		}
		for range 10 * loneReadsForDirect { // as before
			if n, err := double.Call(t.Context(), c, 21); err != nil || n != 42 {
				t.Fatalf("Double = %d, %v", n, err)
			}
		}
	}
}

// TestDirectReply refuses stores: a call whose caller has left is not sent again.
func TestDirectReply(t *testing.T) {
	rdb := redistest.StartServer(t).Client(t)
	c := NewClient(rdb, "led")
	ib, err := c.sharedInbox()
	if err != nil {
		t.Fatal(err)
	}
	p := newPendingCall(ib)
	p.client, p.id, p.write.Value = c, 1, "frame"
	ib.direct.storing = p
	ib.direct.handleReply(send.WithClass(desir.ErrUnavailable, errors.New("loading")))
	if !p.storeDone.Load() {
		t.Error("the store of a call that nobody waits for is not over")
	}
	ib.mu.Lock()
	ib.pending[p.id] = p
	ib.mu.Unlock()
	p.storeDone.Store(false)
	ib.direct.storing = p
	ib.direct.handleReply(send.WithClass(desir.ErrUnavailable, errors.New("loading")))
	if <-p.done; !errors.Is(p.err, ErrNoWorkers) {
		t.Errorf("a call that was sent again: %v; want ErrNoWorkers", p.err)
	}
}
