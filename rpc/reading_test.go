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
)

// vacant returns a client whose reader is vacant, because its caller was alone.
func vacant(t *testing.T, rdb *redis.Client, service string) (*Client, *inbox) {
	t.Helper()
	double := NewMethod[int, int]("Double")
	s := NewServer(rdb, service)
	double.Handle(s, func(_ context.Context, n int) (int, error) { return 2 * n, nil })
	serve(t, s)
	c := NewClient(rdb, service)
	for range 10 * lonelyReads {
		if n, err := double.Call(t.Context(), c, 21, Wait(20*time.Second)); err != nil || n != 42 {
			t.Fatalf("Double = %d, %v", n, err)
		}
	}
	box, err := c.box()
	if err != nil {
		t.Fatal(err)
	}
	return c, box
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

// own reports whether the reader has a connection, once it is idle.
func own(b *inbox) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.reading || b.reader.own != nil
}

// TestTidy checks that an unused vacant reader is closed.
func TestTidy(t *testing.T) {
	_, box := vacant(t, redistest.StartServer(t).Client(t), "tidy")
	if !own(box) {
		t.Error("the connection was closed at once")
	}
	redistest.Eventually(t, 20*time.Second, func() bool { return !own(box) }, "the connection is closed")
}

// TestLeads checks when direct mode is allowed.
func TestLeads(t *testing.T) {
	c, box := vacant(t, redistest.StartServer(t).Client(t), "leads")
	box.mu.Lock() // no call can enter
	defer box.mu.Unlock()
	r := box.reader
	ready := func() (*call, *inboxReader) {
		r.left, r.led = time.Now().Add(time.Minute), time.Now()
		p := newCall(box)
		p.client = c
		return p, r
	}
	if p, _ := ready(); !box.leads(t.Context(), p) {
		t.Fatal("nobody leads")
	}
	for what, spoil := range map[string]func(p *call, r *inboxReader){
		"a large call":                         func(p *call, _ *inboxReader) { p.post.Value = string(make([]byte, maxLed+1)) },
		"a connection that was not used":       func(_ *call, r *inboxReader) { r.left = time.Now().Add(-2 * freshness) },
		"a second in which the client was not": func(_ *call, r *inboxReader) { r.led = time.Now().Add(-2 * leadTime) },
	} {
		p, r := ready()
		spoil(p, r)
		if box.leads(t.Context(), p) {
			t.Errorf("leads over %s", what)
		}
	}
}

// TestLeadEnded passes a call that has already ended to lead: it is not stored, neither
// over the connection nor through the client.
func TestLeadEnded(t *testing.T) {
	rdb := redistest.StartServer(t).Client(t)
	c, box := vacant(t, rdb, "ended")
	double := NewMethod[int, int]("Double")
	for _, stale := range []bool{false, true} {
		p := newCall(box)
		p.client, p.id = c, box.castID()
		box.mu.Lock()
		box.reading, box.vacant = true, false
		box.reader.left = time.Now()
		if stale {
			box.reader.left = time.Time{}
		}
		box.mu.Unlock()
		p.end(desir.ErrClosed)
		q := request{inbox: box.id, id: p.id, method: "Double", signature: "i>i"}
		box.lead(t.Context(), p, &q)
		if <-p.done; !errors.Is(p.err, desir.ErrClosed) {
			t.Errorf("the call: %v", p.err)
		}
		if p.post.Cancel() || p.settled.Load() {
			t.Error("it was stored")
		}
		for range 10 * lonelyReads { // as before
			if n, err := double.Call(t.Context(), c, 21); err != nil || n != 42 {
				t.Fatalf("Double = %d, %v", n, err)
			}
		}
	}
}

// TestLedTo refuses stores: a call whose caller has left is not sent again.
func TestLedTo(t *testing.T) {
	rdb := redistest.StartServer(t).Client(t)
	c := NewClient(rdb, "led")
	box, err := c.box()
	if err != nil {
		t.Fatal(err)
	}
	p := newCall(box)
	p.client, p.id, p.post.Value = c, 1, "frame"
	p.ledTo(0, send.WithClass(desir.ErrUnavailable, errors.New("loading")))
	if !p.settled.Load() {
		t.Error("the store of a call that nobody waits for is not over")
	}
	box.mu.Lock()
	box.pending[p.id] = p
	box.mu.Unlock()
	p.settled.Store(false)
	p.ledTo(0, send.WithClass(desir.ErrUnavailable, errors.New("loading")))
	if <-p.done; !errors.Is(p.err, ErrNoWorkers) {
		t.Errorf("a call that was sent again: %v; want ErrNoWorkers", p.err)
	}
}
