package wait

import (
	"errors"
	"testing"

	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/internal/send"
)

// TestTakeRefused drains a client, as closing it does, between the decision to take and the
// take. Nothing was sent, so no value counts as lost, and the error is ErrShut only.
func TestTakeRefused(t *testing.T) {
	rdb := redistest.StartServer(t).Client(t)
	h, err := clients.Of(rdb)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Sender.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	l, r := newLoop(Of(h), loopID{node: rdb}), receivers(1)[0]
	q := &waitQueue{source: ListOf("c").Source, waiting: []*receiver{r}}
	l.queues[q.source.id()] = q
	defer l.waker.close()
	if err := l.take(t.Context(), []*waitQueue{q}); !errors.Is(err, send.ErrCloseCalled) || errors.Is(err, send.ErrMaybeRan) {
		t.Errorf("the take: %v; want ErrShut", err)
	}
	if isEnded(r) {
		t.Errorf("the receiver ended with %v; the loop ends it with ErrShut", r.err)
	}
	if n := clients.LostValues(rdb); n != 0 {
		t.Errorf("%d values count as lost", n)
	}
}
