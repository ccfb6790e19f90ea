package command

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/cmdline"
	"github.com/desir-go/desir/internal/redistest"
)

// do runs a command that must succeed.
func do(t *testing.T, r *Runner, args ...any) Reply {
	t.Helper()
	reply, err := r.Do(ctx, args...)
	if err != nil {
		t.Fatalf("%v: %v", args[0], err)
	}
	return reply
}

// TestSession runs the commands of an example session.
func TestSession(t *testing.T) {
	redistest.Each(t, func(t *testing.T, b *redistest.Redis) {
		r := New(b.Client)
		list, text := b.TagKey("list"), b.TagKey("text")
		do(t, r, "rpush", list, "a", "b")
		do(t, r, "SET", text, []byte("x"))
		keys := do(t, r, "keys", b.TagKey("*"))
		got := textsIn(keys.Value())
		slices.Sort(got)
		if !slices.Equal(got, []string{list, text}) {
			t.Errorf("keys = %v", keys)
		}
		_, err := r.Do(ctx, "rpop", text)
		fault, ok := errors.AsType[*desir.OpError](err)
		if !errors.Is(err, desir.ErrWrongType) || !ok || fault.Op != "command.RPOP" || fault.Key != text {
			t.Errorf("rpop of a text: %v", err)
		}
		for key, want := range map[string]string{list: "list", text: "string", b.TagKey("no"): "none"} {
			if got := do(t, r, "type", key).String(); got != want {
				t.Errorf("type of %s = %s; want %s", key, got, want)
			}
		}
		if got := do(t, r, "rpop", list).String(); got != "b" {
			t.Errorf("rpop = %s", got)
		}
		if got := do(t, r, "rpop", b.TagKey("no")); !got.IsNil() || got.String() != "(nil)" {
			t.Errorf("rpop of nothing = %v", got)
		}
		if reply, err := r.Line(ctx, `set `+text+` "a\x00\"b"`); err != nil || reply.String() != "OK" {
			t.Errorf("Line = %v, %v", reply, err)
		}
		if got, _, err := Run[string](ctx, r, "GET", text); got != "a\x00\"b" || err != nil {
			t.Errorf("GET = %q, %v", got, err)
		}
	})
}

// TestRefused has commands that are refused before they are sent.
func TestRefused(t *testing.T) {
	b := redistest.Backends()[0].Start(t)
	trips := redistest.CountTrips(b.Client)
	var zero Runner
	for _, tt := range []struct {
		r    *Runner
		line string
		want error
		text string
	}{
		{New(b.Client), "GTE k", ErrUnknown, "did you mean GET"},
		{New(b.Client), "qqqqqqqqqq k", ErrUnknown, "command.Do: unknown command QQQQQQQQQQ; checked against the commands of Redis 7.0.15; for newer commands and options use command.Load or LoadOnDemand"},
		{New(b.Client), "\"a\\n\\x1b[2J\"", ErrUnknown, `unknown command "A\n\x1b[2J"; checked against`},
		{New(b.Client), "hgetex k fields 1 f", ErrUnknown, "unknown command HGETEX; did you mean"},
		{New(b.Client), "set k v ifeq w", nil, "; checked against the commands of Redis 7.0.15; for newer commands and options use command.Load or LoadOnDemand"},
		{New(b.Client), "client nosuch", nil, "checked against the commands of Redis 7.0.15"},
		{New(b.Client), "client list type normal id 1", nil, "checked against the commands of Redis 7.0.15"},
		{New(b.Client), "", ErrUnknown, ""},
		{New(b.Client), "FLUSHALL", ErrNotAllowed, `Allow("FLUSHALL")`},
		{New(b.Client), "client reply off", ErrNotAllowed, `Allow("CLIENT REPLY")`},
		{New(b.Client), "subscribe c", ErrNotAllowed, ""},
		{New(b.Client), "multi", ErrNotAllowed, ""},
		{New(b.Client), "debug sleep 0", ErrNotAllowed, ""},
		{New(b.Client, Allow("@all", "@dangerous")), "flushdb", ErrNotAllowed, ""},
		{New(b.Client, Deny("@write")), "set k v", ErrNotAllowed, `later Allow("SET")`},
		{New(b.Client, Deny("config")), "config get x", ErrNotAllowed, ""},
		{New(b.Client, Deny("@all")), "json.get k", ErrNotAllowed, ""},
		{New(b.Client, Allow("set"), Deny("set")), "set k v", ErrNotAllowed, ""},
		{New(b.Client, Strict()), "json.get k", ErrUnknown, ""},
		{New(b.Client, MinServer("6.0")), "copy a b", ErrTooNew, "6.2.0"},
		{New(b.Client, MinServer("6.0")), "set k v get", ErrTooNew, "GET of SET"},
		{New(b.Client, MinServer("6")), "set k v exat 1", ErrTooNew, "EXAT"},
		{New(b.Client, MinServer("new")), "get k", nil, "MinServer"},
		{New(b.Client, Deny("@wirte")), "get k", ErrUnknown, "@wirte"},
		{New(b.Client, Deny("gte")), "get k", ErrUnknown, ""},
		{New(b.Client), `set k "v`, cmdline.ErrQuotes, ""},
		{New(nil), "get k", desir.ErrNotSupported, ""},
		{&zero, "get k", desir.ErrNotSupported, ""},
		{nil, "get k", desir.ErrNotSupported, ""},
	} {
		_, err := tt.r.Line(ctx, tt.line)
		if _, ok := errors.AsType[*desir.OpError](err); !ok || tt.want != nil && !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.text) {
			t.Errorf("%s: %v; want %v with %q", tt.line, err, tt.want, tt.text)
		}
	}
	for _, line := range []string{"get", "set k v ex soon", "zunion 3 a b", "set k"} { // newer servers do not take these either
		if _, err := New(b.Client).Line(ctx, line); err == nil || strings.Contains(err.Error(), "checked against") {
			t.Errorf("%s: %v; want no hint at newer commands", line, err)
		}
	}
	_, err := New(b.Client).Do(ctx, "set", "k", "secret", "EX", "secret")
	if wrong, ok := errors.AsType[*ArgError](err); !ok || wrong.Pos != 3 || strings.Contains(err.Error(), "secret") {
		t.Errorf("a wrong list: %v", err)
	}
	if _, err := New(b.Client).Do(ctx, "expire", "k", time.Second); err == nil {
		t.Error("a duration passes")
	}
	for _, tt := range []struct {
		args []any
		want error
		text string
	}{
		{[]any{nil}, ErrUnknown, "command.Do: unknown command: the name is not a string"},
		{[]any{"nothing", nil}, ErrUnknown, "command.Do: unknown command nothing"},
		{[]any{"config", "get", nil}, nil, "command.Do: CONFIG GET: argument 1: want a string, a []byte, a number or a bool; usage: CONFIG GET parameter [parameter ...]"},
		{[]any{"json.get", nil}, nil, "command.Do: JSON.GET: argument 1: want a string, a []byte, a number or a bool"},
	} {
		_, err := New(b.Client).Do(ctx, tt.args...)
		if err == nil || tt.want != nil && !errors.Is(err, tt.want) || tt.want == nil && err.Error() != tt.text || !strings.HasPrefix(err.Error(), tt.text) {
			t.Errorf("%v: %v; want %q", tt.args, err, tt.text)
		}
	}
	if n := trips.Count(); n != 0 {
		t.Errorf("%d round trips for what is refused", n)
	}
}

// TestAllowed runs commands that options permit.
func TestAllowed(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t)
	rdb := s.Client(t)
	reads := New(rdb, Deny("@all"), Allow("@read", "set"))
	do(t, reads, "set", "k", "v")
	do(t, reads, "get", "k")
	if _, err := reads.Do(ctx, "del", "k"); !errors.Is(err, ErrNotAllowed) {
		t.Errorf("del of a reader: %v", err)
	}
	r := New(rdb, Allow("FLUSHALL", "select", "CLIENT", "multi"))
	do(t, r, "select", 5)
	do(t, r, "multi")
	do(t, r, "client", "reply", "on")
	for range 20 { // no connection of the pool has changed
		if got, _, err := Run[string](ctx, r, "get", "k"); got != "v" || err != nil {
			t.Fatalf("get = %q, %v", got, err)
		}
	}
	do(t, r, "flushall")
	if got := do(t, r, "dbsize"); got.Value() != int64(0) {
		t.Errorf("dbsize = %v", got)
	}
	if _, err := r.Do(ctx, "json.get", "k"); !errors.Is(err, desir.ErrNotSupported) {
		t.Errorf("a module's command: %v; want the server's word", err)
	}
}

// TestTrips counts the round trips of commands.
func TestTrips(t *testing.T) {
	redistest.Each(t, func(t *testing.T, b *redistest.Redis) {
		r := New(b.Client)
		do(t, r, "set", b.Key("k"), 1)
		trips := redistest.CountTrips(b.Client)
		do(t, r, "get", b.Key("k"))
		do(t, r, "incr", b.Key("k"))
		if n := trips.Count(); n != 2 {
			t.Errorf("%d round trips for two commands: %q", n, trips.Commands())
		}
	})
}

// TestOnce loses replies, and verifies that a write runs once and a read is retried.
func TestOnce(t *testing.T) {
	t.Parallel()
	s := redistest.StartServer(t)
	p := redistest.NewProxy(t, "")
	r := New(s.Client(t, func(o *redis.Options) { o.Dialer = p.Dialer() }))
	do(t, r, "set", "n", 1)
	p.CutReply(1, redistest.Command("incr"))
	if _, err := r.Do(ctx, "INCR", "n"); !errors.Is(err, desir.ErrMaybeRan) {
		t.Errorf("a lost reply of INCR: %v", err)
	}
	p.CutReply(1, redistest.Command("get"))
	p.CutReply(1, redistest.Command("info"))
	if n, _, err := Run[int](ctx, r, "GET", "n"); n != 2 || err != nil {
		t.Errorf("GET = %d, %v; want 2", n, err)
	}
	do(t, r, "info", "server")
}

// TestCluster has commands with keys of several slots, and without keys.
func TestCluster(t *testing.T) {
	t.Parallel()
	all := redistest.Backends()
	b := all[slices.IndexFunc(all, func(b redistest.Backend) bool { return b.Name == "cluster" })].Start(t)
	rdb := b.Client
	r := New(rdb)
	var keys []string
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		keys = append(keys, b.Key(name))
		do(t, r, "SET", b.Key(name), name)
	}
	trips := redistest.CountTrips(rdb)
	for _, line := range []string{"mget " + keys[0] + " " + keys[1], "eval return 2 " + keys[0] + " " + keys[1], "sort " + keys[0] + " store " + keys[1]} {
		if _, err := r.Line(ctx, line); !errors.Is(err, desir.ErrCrossSlot) {
			t.Errorf("%s: %v", line, err)
		}
	}
	if _, err := r.Do(ctx, "scan", 0); !errors.Is(err, desir.ErrNotSupported) {
		t.Errorf("scan: %v", err)
	}
	if n := trips.Count(); n != 0 {
		t.Errorf("%d round trips for what is refused", n)
	}
	got, _, err := Run[[]string](ctx, r, "keys", b.Key("*"))
	if slices.Sort(got); err != nil || !slices.Equal(got, keys) {
		t.Errorf("keys = %q, %v", got, err)
	}
	if n, _, err := Run[int](ctx, r, "dbsize"); n < len(keys) || err != nil {
		t.Errorf("dbsize = %d, %v", n, err)
	}
	digest := do(t, r, "script", "load", "return 1").String()
	if got := do(t, r, "script", "exists", digest, strings.Repeat("0", 40)).String(); got != "1) (integer) 1\n2) (integer) 0" {
		t.Errorf("script exists = %s", got)
	}
	for _, line := range []string{"ping", "time", "config get maxmemory", "cluster info", "cluster getkeysinslot 1 1", "info server", "randomkey", "slowlog len"} {
		if _, err := r.Line(ctx, line); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
	// The position of the key differs in each.
	for _, line := range []string{
		"eval 'return redis.call(\"get\", KEYS[1])' 1 " + keys[2], "object encoding " + keys[3], "bitop not {" + keys[4] + "}:d {" + keys[4] + "}", "memory usage " + keys[0],
		"xread count 1 streams " + b.Key("stream") + " 0", "lmpop 1 " + b.Key("list") + " left", "migrate localhost 1 " + b.Key("none") + " 0 1", "sort_ro " + b.Key("list"),
	} {
		if reply, err := r.Line(ctx, line); err != nil {
			t.Errorf("%s: %v, %v", line, reply, err)
		}
	}
	if reply, err := r.Line(ctx, "json.get "+keys[0]); !errors.Is(err, desir.ErrNotSupported) {
		t.Errorf("a module's command: %v, %v", reply, err)
	}
}

func TestLoadFallsBack(t *testing.T) {
	redistest.Each(t, func(t *testing.T, b *redistest.Redis) {
		s, err := Load(ctx, b.Client)
		if err != nil {
			t.Fatal(err)
		}
		if (s == Builtin()) != (b.Name == "embedded") {
			t.Errorf("product %q, version %q, built in: %t", s.Product, s.Version, s == Builtin())
		}
		do(t, New(b.Client, Specification(s)), "set", b.Key("k"), "v")
	})
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := Load(ended, redistest.Backends()[0].Start(t).Client); !errors.Is(err, context.Canceled) {
		t.Errorf("an ended context: %v", err)
	}
	if _, err := Load(ctx, nil); !errors.Is(err, desir.ErrNotSupported) {
		t.Errorf("no client: %v", err)
	}
}
