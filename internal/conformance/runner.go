package conformance

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/command"
	"github.com/desir-go/desir/internal/redistest"
)

// Runner tests command.Runner and command.Session on a backend.
func Runner(t *testing.T, r *redistest.Redis) {
	run(t, r,
		part{"Replies", runnerReplies},
		part{"Errors", runnerErrors},
		part{"AllNodes", runnerAllNodes},
		part{"Blocking", runnerBlocking},
		part{"Session", runnerSession},
	)
}

// runnerReplies reads replies of each kind, which RESP2 and RESP3 send differently.
func runnerReplies(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	for _, rdb := range []client{r.Client, otherProtocolClient(t, r)} {
		runner := command.New(rdb)
		text, hash, sorted, absent := name(t, r, "text"), name(t, r, "hash"), name(t, r, "sorted"), name(t, r, "absent")
		for _, cmd := range [][]any{
			{"set", text, "a\x00\"b"}, {"hset", hash, "f", "1", "g", "2"}, {"zadd", sorted, "1.5", "m", "2", "n"},
		} {
			_, err := runner.Do(ctx, cmd...)
			must(t, err)
		}
		s, ok, err := command.Run[string](ctx, runner, "get", text)
		if s != "a\x00\"b" || !ok || err != nil {
			t.Errorf("GET = %q, %t, %v", s, ok, err)
		}
		s, ok, err = command.Run[string](ctx, runner, "get", absent)
		if s != "" || ok || err != nil {
			t.Errorf("GET of nothing = %q, %t, %v", s, ok, err)
		}
		n, _, err := command.Run[int](ctx, runner, "hlen", hash)
		if n != 2 || err != nil {
			t.Errorf("HLEN = %d, %v", n, err)
		}
		m, _, err := command.Run[map[string]int](ctx, runner, "hgetall", hash)
		if len(m) != 2 || m["f"] != 1 || m["g"] != 2 || err != nil {
			t.Errorf("HGETALL = %v, %v", m, err)
		}
		score, _, err := command.Run[float64](ctx, runner, "zscore", sorted, "m")
		if score != 1.5 || err != nil {
			t.Errorf("ZSCORE = %v, %v", score, err)
		}
		all, _, err := command.Run[[]string](ctx, runner, "zrange", sorted, 0, -1)
		if !slices.Equal(all, []string{"m", "n"}) || err != nil {
			t.Errorf("ZRANGE = %q, %v", all, err)
		}
	}
}

// runnerErrors makes calls that fail at the server, before it, and on the way.
func runnerErrors(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	runner := command.New(r.Client)
	list := name(t, r, "list")
	must(t, second(runner.Do(ctx, "rpush", list, marker)))
	done, cancel := context.WithCancel(ctx)
	cancel()
	for _, tt := range []struct {
		ctx  context.Context
		args []any
		want error
	}{
		{ctx, []any{"get", list}, desir.ErrWrongType},
		{ctx, []any{"incr", list}, desir.ErrWrongType},
		{ctx, []any{"flushall"}, command.ErrNotAllowed},
		{ctx, []any{"subscribe", list}, command.ErrNotAllowed},
		{ctx, []any{"gte", list}, command.ErrUnknown},
		{done, []any{"get", list}, context.Canceled},
		{done, []any{"incr", list}, desir.ErrUnavailable},
		{done, []any{"blpop", list, 0}, desir.ErrUnavailable},
	} {
		_, err := runner.Do(tt.ctx, tt.args...)
		op, isOp := errors.AsType[*desir.OpError](err)
		if !errors.Is(err, tt.want) && !(r.Name == "autopipeline" && errors.Is(err, desir.ErrNotSupported)) || !isOp || strings.Contains(fmt.Sprint(op), marker) {
			t.Errorf("%v: %v; want %v", tt.args, err, tt.want)
		}
	}
	if arg, ok := errors.AsType[*command.ArgError](second(runner.Do(ctx, "expire", list, "soon"))); !ok || arg.Pos != 1 {
		t.Errorf("EXPIRE with a word: %v; want an ArgError at position 1", arg)
	}
	if r.IsCluster() {
		if _, err := runner.Do(ctx, "mget", "{a}", "{b}"); !errors.Is(err, desir.ErrCrossSlot) {
			t.Errorf("MGET of two slots: %v; want ErrCrossSlot", err)
		}
	}
	if n, _, err := command.Run[int](ctx, runner, "llen", list); n != 1 || err != nil {
		t.Errorf("LLEN = %d, %v; want 1", n, err)
	}
}

// runnerAllNodes finds keys wherever they are.
func runnerAllNodes(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	runner := command.New(r.Client)
	var want []string
	for i := range 20 {
		key := name(t, r, fmt.Sprint("key", i))
		must(t, second(runner.Do(ctx, "set", key, i)))
		want = append(want, key)
	}
	slices.Sort(want)
	got, _, err := command.Run[[]string](ctx, runner, "keys", name(t, r, "key*"))
	slices.Sort(got)
	if !slices.Equal(got, want) || err != nil {
		t.Errorf("KEYS = %q, %v; want %q", got, err, want)
	}
	if n, _, err := command.Run[int](ctx, runner, "dbsize"); n < len(want) || err != nil {
		t.Errorf("DBSIZE = %d, %v; want at least %d", n, err, len(want))
	}
}

// runnerBlocking blocks until another client pushes, until a limit, and until the context
// ends.
func runnerBlocking(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	runner := command.New(r.Client)
	queue := name(t, r, "queue")
	if r.Name == "autopipeline" {
		if _, err := runner.Do(ctx, "blpop", queue, 1); !errors.Is(err, desir.ErrNotSupported) {
			t.Errorf("BLPOP: %v; want ErrNotSupported", err)
		}
		return
	}
	if _, ok, err := command.Run[[]string](ctx, runner, "blpop", queue, 0.05); ok || err != nil {
		t.Errorf("BLPOP up to its limit: %t, %v", ok, err)
	}
	ended := make(chan error, 1)
	canceled, cancel := context.WithCancel(ctx)
	// The embedded server cannot unblock it, so that it may still take an element.
	go func() { ended <- second(runner.Do(canceled, "blpop", name(t, r, "canceled"), 0)) }()
	time.AfterFunc(10*time.Millisecond, cancel)
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("BLPOP whose context ends: %v", err)
	}
	taken := make(chan []string, 1)
	go func() {
		all, _, err := command.Run[[]string](timeoutContext(t), runner, "blpop", queue, 0)
		if err != nil {
			t.Errorf("BLPOP: %v", err)
		}
		taken <- all
	}()
	must(t, second(command.New(r.NewClient(t)).Do(ctx, "rpush", queue, "v")))
	if got := <-taken; !slices.Equal(got, []string{queue, "v"}) {
		t.Errorf("BLPOP = %q", got)
	}
}

// runnerSession runs a transaction on one connection.
func runnerSession(t *testing.T, r *redistest.Redis) {
	ctx := t.Context()
	runner := command.New(r.Client, command.Allow("multi", "exec", "watch"))
	s, err := runner.Session(ctx)
	if r.IsCluster() || r.Name == "autopipeline" {
		if !errors.Is(err, desir.ErrNotSupported) {
			t.Errorf("Session: %v; want ErrNotSupported", err)
		}
		return
	}
	must(t, err)
	defer func() { must(t, s.Close()) }()
	key := name(t, r, "n")
	for _, watched := range []bool{false, true} {
		must(t, second(s.Do(ctx, "watch", key)))
		if watched {
			must(t, second(runner.Do(ctx, "incr", key)))
		}
		must(t, second(s.Do(ctx, "multi")))
		must(t, second(s.Do(ctx, "incr", key)))
		reply, err := s.Do(ctx, "exec")
		if err != nil || reply.IsNil() != watched {
			t.Errorf("EXEC, with another write: %t: %v, %v", watched, reply, err)
		}
	}
	if n, _, err := command.Run[int](ctx, runner, "get", key); n != 2 || err != nil {
		t.Errorf("GET = %d, %v; want 2", n, err)
	}
}
