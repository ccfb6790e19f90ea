package send_test

import (
	"errors"
	"net"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/internal/send"
)

// TestClosedWhileItReads closes a client while a connection waits for a reply. The class
// says that the client is closed, and not that a retry may succeed.
func TestClosedWhileItReads(t *testing.T) {
	t.Parallel()
	s, c := redistest.StartServer(t), redistest.StartCluster(t, 0)
	cut := &net.OpError{Op: "read", Err: net.ErrClosed}
	for name, rdb := range map[string]redis.UniversalClient{"server": s.Client(t), "cluster": c.Client(t)} {
		if err := rdb.Ping(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		sender := send.New(rdb)
		sender.SlotsLoaded().Store(true)
		if err := sender.Classify(t.Context(), cut); !errors.Is(err, send.ErrUnavailable) {
			t.Errorf("%s: of a client that is open: %v; want ErrUnavailable", name, err)
		}
		if err := rdb.Close(); err != nil {
			t.Fatal(err)
		}
		if err := sender.Classify(t.Context(), cut); !errors.Is(err, send.ErrClosed) || !errors.Is(err, redis.ErrClosed) {
			t.Errorf("%s: of a client that is closed: %v; want ErrClosed", name, err)
		}
		if err := sender.ClassifySent(t.Context(), cut); !errors.Is(err, send.ErrMaybeRan) {
			t.Errorf("%s: of a write in flight: %v; want ErrMaybeRan", name, err)
		}
	}
}
