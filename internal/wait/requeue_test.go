package wait

import (
	"slices"
	"testing"
	"time"

	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/redistest"
)

// TestRequeueMoved requeues the values of a queue that moves to another loop while the server
// is unreachable. The source's new loop keeps the values until the server is back.
func TestRequeueMoved(t *testing.T) {
	redistest.Goroutines(t)
	srv := redistest.StartServer(t)
	rdb := srv.Client(t)
	h, err := clients.Of(rdb)
	if err != nil {
		t.Fatal(err)
	}
	srv.Kill()
	q := &waitQueue{source: ListOf("moved").Source, buffered: []string{"a", "b"}}
	newLoop(Of(h), loopID{node: rdb}).requeue(t.Context(), q) // the queue is in no loop now
	srv.Restart()
	redistest.Eventually(t, 30*time.Second, func() bool {
		values, err := rdb.LRange(t.Context(), "moved", 0, -1).Result()
		return err == nil && slices.Equal(values, []string{"a", "b"})
	}, "the values are back")
}
