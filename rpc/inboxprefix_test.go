package rpc_test

import (
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/rpc"
)

// logBuffer is a log that tests can read.
type logBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// count returns how many lines contain all of the words.
func (l *logBuffer) count(words ...string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.b.String()) {
		all := true
		for _, w := range words {
			all = all && strings.Contains(line, w)
		}
		if all {
			n++
		}
	}
	return n
}

// limitedTo returns a client whose user may access only the keys of the service and the
// given keys.
func limitedTo(t *testing.T, srv *redistest.Server, keys string) *redis.Client {
	t.Helper()
	if err := srv.Client(t).Do(t.Context(), "acl", "setuser", "worker", "on", ">pw", "+@all", "~calc", "~{calc}:*", keys, "&{calc}:cancel").Err(); err != nil {
		t.Fatal(err)
	}
	return srv.Client(t, func(o *redis.Options) { o.Username, o.Password = "worker", "pw" })
}

// TestOtherInboxIsRefused calls a worker that writes to inboxes with another prefix: the
// call fails before it is stored.
func TestOtherInboxIsRefused(t *testing.T) {
	t.Parallel()
	srv := redistest.StartServer(t)
	startCounting(t, limitedTo(t, srv, "~calc:inbox:*"), rpc.InboxPrefix("calc:inbox:"))
	redistest.Eventually(t, 20*time.Second, func() bool {
		all, _ := rpc.NewClient(srv.Client(t), service).Workers(t.Context())
		return len(all) == 1
	}, "the worker is there")
	for name, opt := range map[string]rpc.ClientOption{"default": rpc.Intercept(), "other": rpc.InboxPrefix("other:")} {
		c := rpc.NewClient(srv.Client(t), service, opt)
		_, err := sum.Call(t.Context(), c, nil, waitForWorker)
		if !errors.Is(err, desir.ErrNotSupported) || !strings.Contains(err.Error(), `rpc.InboxPrefix("calc:inbox:")`) {
			t.Errorf("%s: %v; want ErrNotSupported and the prefix", name, err)
		}
	}
	mustSum(t, rpc.NewClient(srv.Client(t), service, rpc.InboxPrefix("calc:inbox:")))
}

// TestOtherInboxDoesNotHang uses workers that cannot write to the inbox of a stored call.
// The call ends, and the log gives the reason. Other calls of the worker are not
// affected.
func TestOtherInboxDoesNotHang(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string][]rpc.ServerOption{
		"the option": {rpc.InboxPrefix("calc:inbox:")},
		"the rights": {rpc.InboxPrefix("calc:inbox:"), rpc.InboxPrefix("desir:inbox:")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := redistest.StartServer(t)
			rdb := srv.Client(t)
			c := rpc.NewClient(rdb, service)
			_, end := serve(t, rdb)
			mustSum(t, c) // the previous worker writes to the inbox
			end()
			log := &logBuffer{}
			opts = append(opts, rpc.Logger(slog.New(slog.NewTextHandler(log, nil))))
			s, _, _ := startCounting(t, limitedTo(t, srv, "~calc:inbox:*"), opts...)
			var calls []*rpc.Pending[int]
			for range 3 {
				calls = append(calls, sum.Go(t.Context(), c, nil, waitForWorker))
			}
			stored := 0
			for _, p := range calls {
				_, err := waitWithin(t, "the call", lostCallTime, p)
				if errors.Is(err, desir.ErrNotSupported) {
					continue // on a slow machine the client checks before this call is stored
				}
				stored++
				checkRanOrLost(t, "the call", err)
			}
			if n := log.count("level=WARN", "rpc.InboxPrefix"); n != min(stored, 1) {
				t.Errorf("%d warnings of %d calls; want 1", n, stored)
			}
			if st := s.Stats(); st.Dropped != 0 {
				t.Errorf("%d incarnations were given up", st.Dropped)
			}
			mustSum(t, rpc.NewClient(srv.Client(t), service, rpc.InboxPrefix("calc:inbox:")))
		})
	}
}
