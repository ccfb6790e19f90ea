package caller

import (
	"errors"
	"testing"
	"time"

	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/internal/send"
	"github.com/desir-go/desir/rpc/internal/wire"
)

// newDirectInbox returns a client and its inbox, which offers direct mode.
func newDirectInbox(t *testing.T, service string) (*Client, *inbox) {
	t.Helper()
	rdb := redistest.StartServer(t).Client(t)
	serveEcho(t, rdb, service)
	c, ib := newClient(t, rdb, service)
	for range 10 * loneReadsForDirect {
		echo(t, c)
	}
	return c, ib
}

// hasConn reports whether the reader has a connection, once it is idle.
func hasConn(ib *inbox) bool {
	ib.mu.Lock()
	defer ib.mu.Unlock()
	return ib.reading || ib.reader.Conn != nil
}

// TestCloseIdle checks that an unused reader is closed.
func TestCloseIdle(t *testing.T) {
	_, ib := newDirectInbox(t, "tidy")
	if !hasConn(ib) {
		t.Error("the connection was closed at once")
	}
	redistest.Eventually(t, 20*time.Second, func() bool { return !hasConn(ib) }, "the connection is closed")
}

// TestDirectUsable checks when direct mode is allowed.
func TestDirectUsable(t *testing.T) {
	c, ib := newDirectInbox(t, "leads")
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
	c, ib := newDirectInbox(t, "ended")
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
		p.end(send.ErrClosed)
		q := wire.Request{Inbox: ib.id, ID: p.id, Method: "Echo", Signature: "any>any"}
		ib.direct.run(t.Context(), p, &q)
		if <-p.done; !errors.Is(p.err, send.ErrClosed) {
			t.Errorf("the call: %v", p.err)
		}
		if p.write.Cancel() || p.storeDone.Load() {
			t.Error("it was stored")
		}
		for range 10 * loneReadsForDirect { // as before
			echo(t, c)
		}
	}
}

// TestDirectReply refuses stores: a call whose caller has left is not sent again.
func TestDirectReply(t *testing.T) {
	c, ib := newClient(t, redistest.StartServer(t).Client(t), "led")
	p := newPendingCall(ib)
	p.client, p.id, p.write.Value = c, 1, "frame"
	ib.direct.storing = p
	ib.direct.handleReply(send.WithClass(send.ErrUnavailable, errors.New("loading")))
	if !p.storeDone.Load() {
		t.Error("the store of a call that nobody waits for is not over")
	}
	ib.mu.Lock()
	ib.pending[p.id] = p
	ib.mu.Unlock()
	p.storeDone.Store(false)
	ib.direct.storing = p
	ib.direct.handleReply(send.WithClass(send.ErrUnavailable, errors.New("loading")))
	if <-p.done; !errors.Is(p.err, errNone) {
		t.Errorf("a call that was sent again: %v; want errNone", p.err)
	}
}
