package desir_test

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/internal/redistest"
)

// journal is a slog.Handler that keeps the messages about each server and service.
type journal struct {
	mu    sync.Mutex
	about map[string][]string
}

func (*journal) Enabled(context.Context, slog.Level) bool { return true }
func (j *journal) WithAttrs([]slog.Attr) slog.Handler     { return j }
func (j *journal) WithGroup(string) slog.Handler          { return j }

func (j *journal) Handle(_ context.Context, r slog.Record) error {
	attrs := map[string]string{}
	r.Attrs(func(a slog.Attr) bool {
		attrs[a.Key] = a.Value.String()
		return true
	})
	j.mu.Lock()
	defer j.mu.Unlock()
	who := attrs["server"] + attrs["service"]
	j.about[who] = append(j.about[who], strings.TrimSpace(attrs["what"]+" "+r.Message))
	return nil
}

func (j *journal) of(who string) []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Sorted(slices.Values(j.about[who]))
}

// journaling makes a journal the default logger until the test ends.
func journaling(t *testing.T) *journal {
	t.Helper()
	j := &journal{about: map[string][]string{}}
	before := slog.Default()
	slog.SetDefault(slog.New(j))
	t.Cleanup(func() { slog.SetDefault(before) })
	return j
}

// selective receives a letter with Mailbox.Receive.
func selective(ctx context.Context, c redis.UniversalClient, name string) error {
	return second(channel.NewMailbox[int](c, name).Receive(ctx, func(channel.Letter[int]) bool { return true }))
}

// outage is a server that does not serve receivers.
type outage struct {
	server *redistest.Server
	cause  string // expected in the errors
}

// outages starts servers, each with a letter for a selective receiver, and makes each
// stop serving in its own way. heal ends three of the outages: away, frozen, too few
// replicas.
func outages(t *testing.T, name string) (all map[string]outage, heal func()) {
	t.Helper()
	start := func(opts ...redistest.ServerOption) *redistest.Server {
		s := redistest.StartServer(t, opts...)
		if err := channel.NewMailbox[int](s.Client(t), name).Send(ctx, name, 1); err != nil {
			t.Fatal(err)
		}
		return s
	}
	admin := func(s *redistest.Server) *redis.Client {
		return s.Client(t, func(o *redis.Options) { o.ReadTimeout = time.Minute })
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	away := start()
	away.Kill()
	frozen := start()
	frozen.Freeze()
	replica := redistest.StartServer(t, redistest.ReplicaOf(start()))
	alone := start()
	must(admin(alone).ConfigSet(ctx, "min-replicas-to-write", "1").Err())

	failing := start(redistest.Config("save", "3600 1000000"))
	must(os.Mkdir(filepath.Join(failing.Dir, "dump.rdb"), 0o700)) // makes snapshots fail
	must(admin(failing).BgSave(ctx).Err())
	redistest.Eventually(t, 20*time.Second, func() bool {
		return strings.Contains(admin(failing).Info(ctx, "persistence").Val(), "rdb_last_bgsave_status:err")
	}, "a snapshot fails")

	loading := start()
	c := admin(loading)
	for range 5000 { // they load in 50 s, and the server serves clients every 10 ms
		must(c.Set(ctx, rand.Text(), strings.Repeat("x", 4<<10), 0).Err())
	}
	must(c.ConfigSet(ctx, "key-load-delay", "10000").Err())
	must(c.ConfigSet(ctx, "loading-process-events-interval-bytes", "1024").Err())
	go func() { _ = admin(loading).Do(ctx, "debug", "reload").Err() }() // not awaited
	redistest.Eventually(t, 20*time.Second, func() bool {
		return redis.HasErrorPrefix(c.Get(ctx, "x").Err(), "LOADING")
	}, "the server loads")

	outages := map[string]outage{
		"away":             {away, "refused"},
		"frozen":           {frozen, ""},
		"read-only":        {replica, "READONLY"},
		"too few replicas": {alone, "NOREPLICAS"},
		"failing to save":  {failing, "MISCONF"},
		"loading":          {loading, "LOADING"},
	}
	return outages, func() {
		away.Restart()
		frozen.Thaw()
		must(admin(alone).ConfigSet(ctx, "min-replicas-to-write", "0").Err())
	}
}

// TestOutageIsReported makes receivers wait at servers that do not serve them, until the
// receivers' contexts end. The errors must say why. The log must have one line for each
// server, and another line when the server serves again.
func TestOutageIsReported(t *testing.T) {
	redistest.Slow(t)
	logs := journaling(t)
	const picky = "Mailbox.Receive"
	all, heal := outages(t, picky)
	wait := maps.Clone(receivers)
	wait[picky] = selective
	rdbs := map[string]*redis.Client{}
	var kept []any // keeps one object of each client, and so the client's shared state, alive
	var waiting sync.WaitGroup
	for what, o := range all {
		rdb := o.server.Client(t)
		rdbs[what] = rdb
		c := channel.NewChan[int](rdb, "kept")
		_, _ = c.Len(redistest.Within(t, time.Millisecond))
		kept = append(kept, c)
		for name, receive := range wait {
			waiting.Go(func() {
				ctx := redistest.Within(t, 6*time.Second)
				if name == "Server.Run" {
					name += " " + what
				}
				err := receive(ctx, rdb, name)
				if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, desir.ErrUnavailable) || errors.Is(err, desir.ErrMaybeRan) ||
					!strings.Contains(err.Error(), o.cause) {
					t.Errorf("%s, %s: %v; want the deadline, ErrUnavailable and %q", name, what, err, o.cause)
				}
			})
		}
	}
	waiting.Wait()
	for what, o := range all {
		got := slices.DeleteFunc(logs.of(o.server.Addr), func(m string) bool { return !strings.HasPrefix(m, "receivers desir: waiting") })
		if len(got) != 1 {
			t.Errorf("the receivers of a server that is %s logged %q; want one line", what, got)
		}
		got = slices.DeleteFunc(logs.of(o.server.Addr), func(m string) bool {
			return strings.HasPrefix(m, "receivers desir:") || strings.HasPrefix(m, "subscriptions ")
		})
		if len(got) != 1 {
			t.Errorf("the selective receivers of a server that is %s logged %q; want one line", what, got)
		}
		if got := logs.of("Server.Run " + what); len(got) != 1 {
			t.Errorf("the worker of a server that is %s logged %q; want one line", what, got)
		}
	}
	heal()
	for _, what := range []string{"away", "frozen", "too few replicas"} {
		rdb, addr := rdbs[what], all[what].server.Addr
		for _, receive := range []string{"Chan.Recv", "PriorityQueue.Pop", "Mailbox.Recv"} {
			waiting.Go(func() { quiet(t, receive+" of a server that was "+what, rdb, receivers[receive]) })
		}
		waiting.Wait()
		if what != "away" { // this server has lost its letter
			if err := selective(redistest.Within(t, 20*time.Second), rdb, picky); err != nil {
				t.Errorf("of a server that was %s: %v; want a letter", what, err)
			}
		}
		redistest.Eventually(t, 20*time.Second, func() bool {
			ctx := redistest.Within(t, 100*time.Millisecond)
			_ = receivers["Chan.Recv"](ctx, rdb, "c")
			return slices.Contains(logs.of(addr), "receivers desir: the server serves again")
		}, "the log says that the server that was "+what+" serves again")
		got := slices.DeleteFunc(logs.of(addr), func(m string) bool { return !strings.HasPrefix(m, "receivers desir: ") })
		if len(got) != 2 {
			t.Errorf("the receivers of a server that was %s logged %q; want two lines", what, got)
		}
	}
	runtime.KeepAlive(kept)
}

// TestQuietWait makes receivers wait for values that do not come, at a server that works.
// The errors must be the contexts' errors alone, and nothing may be logged.
func TestQuietWait(t *testing.T) {
	logs := journaling(t)
	s := redistest.StartServer(t)
	rdb := s.Client(t)
	for name, receive := range map[string]func(context.Context, redis.UniversalClient, string) error{
		"Chan.Recv": receivers["Chan.Recv"], "PriorityQueue.Pop": receivers["PriorityQueue.Pop"],
		"Mailbox.Recv": receivers["Mailbox.Recv"], "Mailbox.Receive": selective,
	} {
		quiet(t, name, rdb, receive)
	}
	if err := receivers["Server.Run"](redistest.Within(t, time.Second), rdb, "s"); err != nil {
		t.Errorf("Server.Run: %v; want nil", err)
	}
	if got := logs.of(s.Addr); len(got) != 0 {
		t.Errorf("logged %q; want nothing", got)
	}
	if got := logs.of("s"); len(got) != 0 {
		t.Errorf("the worker logged %q; want nothing", got)
	}
}

// quiet makes a receiver wait at a server that works. Its error must be the context's
// error alone. quiet tries again if the machine was too slow.
func quiet(t *testing.T, name string, rdb redis.UniversalClient, receive func(context.Context, redis.UniversalClient, string) error) {
	t.Helper()
	var err error
	for range 10 {
		ctx, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
		err = receive(ctx, rdb, "quiet "+name)
		cancel()
		if errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, desir.ErrUnavailable) {
			return
		}
	}
	t.Errorf("%s: %v; want the deadline alone", name, err)
}

// TestLeaveFrozenServer ends the contexts of receivers at a server that froze while they
// waited. The receivers must return at once, with the reason if a reply is overdue.
func TestLeaveFrozenServer(t *testing.T) {
	t.Parallel()
	for name, receive := range map[string]func(context.Context, redis.UniversalClient, string) error{
		"Chan.Recv": receivers["Chan.Recv"], "PriorityQueue.Pop": receivers["PriorityQueue.Pop"],
		"Mailbox.Recv": receivers["Mailbox.Recv"], "Mailbox.Ask": ask,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := redistest.StartServer(t)
			rdb, admin := s.Client(t), s.Client(t)
			leave, cancel := context.WithCancel(ctx)
			defer cancel()
			soon, late := make(chan error, 1), make(chan error, 1)
			deadline := redistest.Within(t, 8*time.Second)
			go func() { soon <- receive(leave, rdb, "c") }()
			go func() { late <- receive(deadline, rdb, "c") }()
			redistest.Eventually(t, 5*time.Second, func() bool {
				return strings.Contains(admin.Info(ctx, "clients").Val(), "blocked_clients:1") &&
					(name != "Mailbox.Ask" || admin.LLen(ctx, "c").Val() == 2)
			}, "receivers wait")
			s.Freeze()
			defer s.Thaw()
			cancel()
			begun := time.Now()
			if err := <-soon; !errors.Is(err, context.Canceled) || time.Since(begun) > time.Second {
				t.Errorf("%v after %v; want context.Canceled at once", err, time.Since(begun))
			}
			err := <-late
			if time.Since(begun) > 10*time.Second {
				t.Errorf("a receiver has left after %v", time.Since(begun))
			}
			if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, desir.ErrUnavailable) == errors.Is(err, desir.ErrMaybeRan) ||
				errors.Is(err, desir.ErrMaybeRan) != (name == "Mailbox.Ask") {
				t.Errorf("%v; want the deadline, beside ErrUnavailable, or ErrMaybeRan of Ask", err)
			}
			if !strings.Contains(err.Error(), "does not reply") && !strings.Contains(err.Error(), "timeout") {
				t.Errorf("%v; want why", err)
			}
		})
	}
}

// ask sends a question and waits for the answer.
func ask(ctx context.Context, c redis.UniversalClient, name string) error {
	return second(channel.NewMailbox[int](c, "asker").Ask(ctx, name, 1))
}
