package rpc_test

import (
	"errors"
	"testing"
	"time"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/rpc"
)

// TestRunEndsWithItsClient closes the client of a worker that takes calls over its
// dedicated connection and sends nothing else. Run ends. It takes no calls whose results
// it could not send.
func TestRunEndsWithItsClient(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, r *redistest.Redis) {
		rdb := r.NewClient(t)
		s := rpc.NewServer(rdb, r.Key("svc"))
		sum.Handle(s, addUp)
		done := make(chan error, 1)
		go func() { done <- s.Run(t.Context()) }()
		c := rpc.NewClient(r.NewClient(t), r.Key("svc"))
		if _, err := sum.Call(t.Context(), c, []int{1}, waitForWorker); err != nil {
			t.Fatal(err)
		}
		if err := rdb.Close(); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-done:
			if !errors.Is(err, desir.ErrClosed) {
				t.Errorf("Run: %v; want ErrClosed", err)
			}
		case <-time.After(10 * time.Second):
			t.Error("Run goes on for ten seconds after its client was closed")
		}
	})
}
