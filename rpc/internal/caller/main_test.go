package caller

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/rpc/internal/lua"
	"github.com/desir-go/desir/rpc/internal/wire"
)

func TestMain(m *testing.M) { os.Exit(redistest.Main(m)) }

var errNone = errors.New("no workers")

// newClient returns a client of a service, and its inbox.
func newClient(t *testing.T, rdb *redis.Client, service string) (*Client, *inbox) {
	t.Helper()
	c := New(Config{
		Handle:    clients.NewHandle(rdb, "rpc.Client", service, nil),
		Served:    func(context.Context) (int, error) { return 1, nil },
		NoWorkers: errNone,
	})
	ib, err := c.sharedInbox()
	if err != nil {
		t.Fatal(err)
	}
	return c, ib
}

// echo calls the worker of [serveEcho].
func echo(t *testing.T, c *Client) {
	t.Helper()
	state, body, err := c.Call(t.Context(), &Call{Method: "Echo", Signature: "any>any", Body: []byte{42}, Wait: 20 * time.Second})
	if err != nil || state != wire.StateDone || body != "\x2a" {
		t.Fatalf("Echo = %d, %q, %v", state, body, err)
	}
}

// serveEcho runs a worker that returns each request, until the test ends.
func serveEcho(t *testing.T, rdb *redis.Client, service string) {
	t.Helper()
	h, err := clients.Of(rdb)
	if err != nil {
		t.Fatal(err)
	}
	keys, mode := wire.KeysOf(service), "begin"
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			_, err := lua.Lease.Run(ctx, h, []string{keys.Workers, keys.Ended, keys.About, keys.Alive}, "W", wire.LeaseTime.Milliseconds(), 1000, "{}", mode)
			if err == nil {
				mode = "renew"
			}
			for {
				frame, err := rdb.BLPop(ctx, time.Second, keys.Calls).Result()
				var q wire.Request
				if err != nil || q.Parse(frame[1]) != nil {
					break
				}
				r := wire.Result{ID: q.ID, State: wire.StateDone, Body: q.Body}
				rdb.XAdd(ctx, &redis.XAddArgs{Stream: wire.InboxKey(q.Inbox), NoMkStream: true, Values: []string{wire.ResultField, string(r.Append(nil))}})
			}
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
}
