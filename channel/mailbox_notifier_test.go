package channel

import (
	"testing"
	"time"

	"github.com/desir-go/desir/internal/redistest"
)

// TestMailboxNotifierWhenDue checks that pending notifications do not delay the scan of all
// letters.
func TestMailboxNotifierWhenDue(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		m := NewMailbox[int](r.Client, r.Key("m"))
		shared, err := m.h.Shared()
		if err != nil {
			t.Fatal(err)
		}
		n := &letterNotifier{shared: shared, name: notifyChannel(m.Key()), nextScan: time.Now().Add(time.Hour)}
		defer n.close()
		if came, err := n.wait(t.Context()); !came || err != nil {
			t.Fatalf("the first wait = %v, %v; want true, it listens from now on", came, err)
		}
		n.nextScan = time.Now()
		for range 100 {
			if err := m.Send(t.Context(), m.Key(), 1); err != nil {
				t.Fatal(err)
			}
			if came, err := n.wait(t.Context()); came || err != nil {
				t.Fatalf("wait = %v, %v; want false: all are due", came, err)
			}
		}
		n.nextScan = time.Now().Add(time.Hour)
		if err := m.Send(t.Context(), m.Key(), 1); err != nil {
			t.Fatal(err)
		}
		if came, err := n.wait(t.Context()); !came || err != nil {
			t.Errorf("wait = %v, %v; want true", came, err)
		}
	})
}
