package command

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/cmdline"
)

// Runner checks commands and sends them through a client.
//
// Use [New] to create one. A Runner is safe for concurrent use.
type Runner struct {
	h     *clients.Handle
	s     settings
	table *table // nil: not made by New
}

var errNotMadeByNew = errors.New("the Runner was not made by New")

// New returns a Runner that uses rdb. It sends nothing and cannot fail. An invalid
// option, or one that names a command or category that is not in the table, is returned
// as the error of every call.
//
// By default, commands are checked against [Builtin]. [Specification] sets another
// table. [LoadOnDemand] loads the server's table at the first command that the current
// one refuses as unknown.
//
// By default, two kinds of commands are refused with [ErrNotAllowed]. The first kind
// changes the state of a connection, and connections are shared: SUBSCRIBE and its
// relatives, MONITOR, SELECT, AUTH, HELLO, RESET, QUIT, MULTI, EXEC, WATCH, WAIT,
// CLIENT REPLY, CLIENT TRACKING, READONLY and others. The second kind destroys data or
// stops the server: SHUTDOWN, FLUSHALL, FLUSHDB, SWAPDB, DEBUG, REPLICAOF, FAILOVER,
// CLUSTER RESET, MODULE LOAD and others.
//
// [Allow] with a command's name permits it. A permitted command of the first kind runs
// on a dedicated connection, which is closed after it. Transactions across calls
// therefore need a [Session].
func New(rdb redis.UniversalClient, opts ...Option) *Runner {
	s, err := gatherOptions(opts)
	r := &Runner{h: clients.NewHandle(rdb, "command", "", err).Unbatched(true), s: s}
	r.table = &table{s: &r.s, loading: make(chan struct{}, 1)}
	return r
}

// Do checks a command and sends it. args are the command's name and its arguments, of
// the types that [Command.Check] accepts. A subcommand is an argument of its own:
// Do(ctx, "CONFIG", "GET", "maxmemory").
//
// Do takes one round trip. If it refuses the command it sends nothing and returns
// [ErrUnknown], [ErrNotAllowed], [ErrTooNew], an [*ArgError], or, for keys of different
// slots on a cluster, [desir.ErrCrossSlot]. A command that is not [Command.Retryable]
// is sent at most once; after [desir.ErrMaybeRan] it may have run.
//
// A blocking command uses a dedicated connection and takes three more round trips. If
// the context ends first, Do unblocks the command at the server. It returns the element
// if the command already had one. If it cannot find out, it returns the context's error
// joined with [desir.ErrMaybeRan]. Blocking commands need a client of a single server,
// of Sentinel or of a cluster. Behind Sentinel, a command that blocks asks every 5 s for
// the master. If that has changed, it returns [desir.ErrUnavailable] if it is Retryable,
// otherwise desir.ErrMaybeRan.
//
// On a cluster, the first key selects the node. If the table does not say which
// arguments are keys, for example for a module's command, Do asks the server with
// COMMAND GETKEYS, which takes one more round trip. Some commands without a key go to
// every master, though not at one moment: KEYS, DBSIZE, RANDOMKEY, SCRIPT LOAD, CONFIG
// SET and others that the table marks. Do combines their replies by the rule of the
// table: it adds numbers and concatenates lists, for example. SCAN returns
// [desir.ErrNotSupported] on a cluster, because a cursor belongs to one node. All other
// commands without a key go to any node.
//
// If there is no value, the Reply's IsNil is true and the error is nil. Errors are
// [*desir.OpError] with the first key and contain no other argument. The text of a
// server error is included as the server sent it.
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

// Line is [Runner.Do] for a command line. The line is split into words by the quoting
// rules of redis-cli: words are separated by white space; a word in double quotes may
// contain the escapes \n, \r, \t, \b, \a and \xHH, and a backslash before any other
// character stands for that character; in single quotes only \' is an escape.
// Unbalanced quotes are an error.
func (r *Runner) Line(ctx context.Context, line string) (Reply, error) {
	words, err := cmdline.Split(line)
	if err != nil {
		return Reply{}, (&request{}).fail(err)
	}
	args := make([]any, len(words))
	for i, w := range words {
		args[i] = w
	}
	return r.Do(ctx, args...)
}

// request is a command that is being checked and sent.
type request struct {
	shared *clients.Shared
	cmd    *Command // nil: not in the table
	name   string   // for errors; empty if unknown
	words  []string // the arguments after the name
	args   []any    // what is sent, including the name
	keys   []string
	first  int // index of the first key in args; 0 if there is none
}

// fail returns err as an OpError of the command.
func (q *request) fail(err error) error {
	name, key := q.name, ""
	if name == "" {
		name = "Do"
	}
	if len(q.keys) > 0 {
		key = q.keys[0]
	}
	return clients.NewHandle(nil, "command", key, nil).Fail(name, err)
}

// request runs all checks that need no reply of the command. The result is never nil.
func (r *Runner) request(ctx context.Context, args []any) (*request, error) {
	if r == nil || r.table == nil {
		return &request{}, fmt.Errorf("%w: %w", desir.ErrNotSupported, errNotMadeByNew)
	}
	h, err := r.h.Shared()
	if err != nil {
		return &request{}, err
	}
	if len(args) == 0 {
		return &request{}, fmt.Errorf("%w: no command given", ErrUnknown)
	}
	spec := r.table.get()
	q, err := r.check(h, spec, args)
	if err == nil {
		return q, q.findKeys(ctx)
	}
	newer, loadErr := r.table.reload(ctx, h, err)
	switch {
	case loadErr != nil:
		return q, fmt.Errorf("%w (loading the server's command table failed: %w)", err, loadErr)
	case newer == spec:
		return q, spec.withRemedy(err)
	}
	if q, err = r.check(h, newer, args); err != nil {
		return q, err
	}
	return q, q.findKeys(ctx)
}

// check returns the request for args if table and the settings permit it.
func (r *Runner) check(h *clients.Shared, table *activeTable, args []any) (*request, error) {
	q := &request{shared: h}
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

// set fills in the command and its arguments.
func (q *request) set(spec *Spec, args []any) error {
	words := make([]string, len(args))
	for i, a := range args {
		text, ok := textOf(a)
		if !ok {
			return q.noText(spec, words[:i])
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

// noText returns the error for an argument of a type that has no text; words are those
// before it.
func (q *request) noText(spec *Spec, words []string) error {
	if len(words) == 0 {
		return fmt.Errorf("%w: the name is not a string", ErrUnknown)
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

// findKeys sets the keys. On a cluster it refuses keys of different slots.
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
	if !q.shared.Slotted() {
		return nil
	}
	if q.cmd == nil || err != nil {
		q.askKeys(ctx)
	}
	if len(q.keys) == 0 {
		return nil
	}
	return q.shared.SameSlot(q.keys[0], q.keys[1:]...)
}

// askKeys asks the server for the keys. If the server returns an error or no keys,
// there are none.
func (q *request) askKeys(ctx context.Context) {
	reply, _ := ask(ctx, q.shared, append([]any{"COMMAND", "GETKEYS"}, q.args...)...)
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
