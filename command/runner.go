package command

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/hub"
)

// Runner sends commands through a client, after it has checked them.
//
// Use [New]. A Runner is safe for any number of goroutines.
type Runner struct {
	h     *hub.Handle
	s     settings
	table *table // nil: not made by New
}

var errUnmade = errors.New("the Runner was not made by New")

// New makes a Runner of a client. It does not talk to Redis and cannot fail: an option
// that makes no sense, or names what is not in the table, is the error of every call.
//
// By default commands are checked by [Builtin]; [Specification] sets another table, and [LoadOnDemand]
// asks the server for its own where that has no such name or form. Denied are by
// default, with [ErrNotAllowed], the commands that leave something behind in a connection, which is shared: SUBSCRIBE
// and its kin, MONITOR, SELECT, AUTH, HELLO, RESET, QUIT, MULTI, EXEC, WATCH, WAIT, CLIENT REPLY, CLIENT TRACKING, READONLY
// and others; and those that destroy or stop: SHUTDOWN, FLUSHALL, FLUSHDB, SWAPDB, DEBUG, REPLICAOF, FAILOVER, CLUSTER RESET, MODULE LOAD.
// [Allow] with the name lets one through. Of the first kind each then runs on a connection of its own that ends
// with it: a transaction of several calls is not to be had here.
func New(rdb redis.UniversalClient, opts ...Option) *Runner {
	s, err := gatherOptions(opts)
	r := &Runner{h: hub.NewHandle(rdb, "command", "", err).Apart(true), s: s}
	r.table = &table{s: &r.s, gate: make(chan struct{}, 1)}
	return r
}

// Do checks a command and sends it: its name and arguments as words, as
// [Command.Check] takes them. A subcommand is a word of its own: Do(ctx, "CONFIG", "GET", "maxmemory").
//
// One round trip, and none if the command is refused: [ErrUnknown], [ErrNotAllowed], [ErrTooNew], an
// [*ArgError], and [desir.ErrCrossSlot] for keys that a cluster keeps apart. A command that is not
// [Command.Retryable] is sent once; after [desir.ErrMaybeRan] it may have been executed.
//
// A command that blocks takes a connection of its own and three round trips more. When the context ends, an
// element that the command had got is returned; where nobody knows, the error is the context's joined with
// [desir.ErrMaybeRan]. Blocking needs a client of a server, of sentinels or of a cluster.
//
// On a cluster the first key decides where a command goes; of a command whose keys the table does not
// tell, a module's say, the server is asked for them by COMMAND GETKEYS, a round trip more. Without a key, KEYS, DBSIZE, RANDOMKEY, SCRIPT LOAD, CONFIG SET and others
// of which the table says so go to every master, not at one moment, and the answers become one: numbers are added, lists joined. SCAN is
// [desir.ErrNotSupported] there, for a cursor belongs to one node. Everything else goes to any node.
//
// A miss is a Reply that IsNil. Errors are [*desir.OpError], with the first key, and show no other argument. Where the server was
// asked the words of its answer are in them.
func (r *Runner) Do(ctx context.Context, args ...any) (Reply, error) {
	q, err := r.request(ctx, args)
	if err != nil {
		return Reply{}, q.fail(err)
	}
	v, err := r.send(ctx, q)
	if err != nil {
		return Reply{}, q.fail(err)
	}
	return Reply{v}, nil
}

// Line is [Runner.Do] of a line, which [Words] splits as redis-cli does.
func (r *Runner) Line(ctx context.Context, line string) (Reply, error) {
	return doLine(ctx, line, r.Do)
}

// doLine splits a line and has its words done.
func doLine(ctx context.Context, line string, do func(context.Context, ...any) (Reply, error)) (Reply, error) {
	words, err := Words(line)
	if err != nil {
		return Reply{}, (&request{}).fail(err)
	}
	args := make([]any, len(words))
	for i, w := range words {
		args[i] = w
	}
	return do(ctx, args...)
}

// request is a command on its way.
type request struct {
	hub   *hub.Hub
	cmd   *Command // nil: not in the table
	name  string   // for errors; empty if unknown
	words []string // behind the name
	args  []any    // to send, with the name
	keys  []string
	first int // index of the first key in args, or 0
}

// fail returns err as the error of the command.
func (q *request) fail(err error) error {
	name, key := q.name, ""
	if name == "" {
		name = "Do"
	}
	if len(q.keys) > 0 {
		key = q.keys[0]
	}
	return hub.NewHandle(nil, "command", key, nil).Fail(name, err)
}

// request checks everything that can be checked without sending. It is never nil.
func (r *Runner) request(ctx context.Context, args []any) (*request, error) {
	if r == nil || r.table == nil {
		return &request{}, fmt.Errorf("%w: %w", desir.ErrNotSupported, errUnmade)
	}
	h, err := r.h.Hub()
	if err != nil {
		return &request{}, err
	}
	if len(args) == 0 {
		return &request{}, fmt.Errorf("%w: no words", ErrUnknown)
	}
	spec := r.table.get()
	q, err := r.check(h, spec, args)
	if err == nil {
		return q, q.findKeys(ctx)
	}
	newer, loading := r.table.after(ctx, h, err)
	switch {
	case loading != nil:
		return q, fmt.Errorf("%w (the server's table is not known: %w)", err, loading)
	case newer == spec:
		return q, spec.explained(err)
	}
	if q, err = r.check(h, newer, args); err != nil {
		return q, err
	}
	return q, q.findKeys(ctx)
}

// check is a request that a table lets pass.
func (r *Runner) check(h *hub.Hub, table *checked, args []any) (*request, error) {
	q := &request{hub: h}
	if table.err != nil {
		return q, table.err
	}
	spec := table.Spec
	if err := q.set(spec, args); err != nil {
		return q, err
	}
	id := idOf(q.name)
	if q.cmd == nil && (r.s.strict || !strings.Contains(q.name, ".")) {
		name := q.name
		q.name = ""
		return q, spec.unknown(name)
	}
	if err := r.s.permits(id, q.cmd); err != nil {
		return q, err
	}
	if q.cmd != nil {
		if r.s.oldest != "" && older(r.s.oldest, q.cmd.Since) {
			return q, fmt.Errorf("%w: it came with %s", ErrTooNew, q.cmd.Since)
		}
		if err := q.cmd.check(q.words, r.s.oldest); err != nil {
			return q, err
		}
	}
	return q, nil
}

// set fills in the command and its words.
func (q *request) set(spec *Spec, args []any) error {
	words := make([]string, len(args))
	for i, a := range args {
		text, ok := textOf(a)
		if !ok {
			return q.untold(spec, words[:i])
		}
		words[i] = text
	}
	cmd, n := spec.resolve(words)
	q.cmd, q.name, q.words = cmd, strings.ToUpper(words[0]), words[n:]
	q.args = make([]any, 0, len(args))
	if cmd != nil {
		q.name = cmd.Name
		for w := range strings.SplitSeq(cmd.Name, " ") {
			q.args = append(q.args, w)
		}
	} else {
		q.args = append(q.args, words[0])
	}
	for i := n; i < len(args); i++ {
		if raw, ok := args[i].([]byte); ok {
			q.args = append(q.args, raw)
		} else {
			q.args = append(q.args, words[i])
		}
	}
	return nil
}

// untold is the error of a word that has no plain text, behind those that have.
func (q *request) untold(spec *Spec, words []string) error {
	if len(words) == 0 {
		return fmt.Errorf("%w: the name is not a text", ErrUnknown)
	}
	cmd, n := spec.resolve(words)
	wrong := &ArgError{Pos: len(words) - n, Want: "a string, a []byte, a number or a bool"}
	switch {
	case cmd != nil:
		wrong.Command, wrong.Usage = cmd.Name, cmd.Usage()
	case strings.Contains(words[0], "."):
		wrong.Command = strings.ToUpper(words[0])
	default:
		return spec.unknown(words[0])
	}
	return wrong
}

// findKeys finds the keys, and refuses those of several slots.
func (q *request) findKeys(ctx context.Context) error {
	var err error
	if q.cmd != nil {
		var at []int
		at, err = q.cmd.keys(q.words)
		for _, i := range at {
			q.keys = append(q.keys, strings.Clone(q.words[i]))
		}
		if len(at) > 0 {
			q.first = len(q.args) - len(q.words) + at[0]
		}
	}
	if !q.hub.Slotted() {
		return nil
	}
	if q.cmd == nil || err != nil {
		q.askKeys(ctx)
	}
	if len(q.keys) == 0 {
		return nil
	}
	return q.hub.SameSlot(q.keys[0], q.keys[1:]...)
}

// askKeys asks the server for the keys. A command that it does not know, or that
// has none, has none.
func (q *request) askKeys(ctx context.Context) {
	reply, _ := ask(ctx, q.hub, append([]any{"COMMAND", "GETKEYS"}, q.args...)...)
	if q.keys = textsIn(reply); len(q.keys) == 0 {
		return
	}
	for i, a := range q.args {
		if text, _ := textOf(a); i > 0 && text == q.keys[0] {
			q.first = i
			return
		}
	}
}
