package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"reflect"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/command"
	"github.com/desir-go/desir/internal/oneline"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// cli defines the command line.
type cli struct {
	connectFlags `embed:""`
	ShowVersion  kong.VersionFlag `name:"version" help:"Print the version and exit."`

	Tour       tourCmd       `cmd:"" help:"Demonstrate the library: count the words of text files with workers that share a channel, a map, a set, a list, a counter and a value, then call another process by RPC."`
	Map        mapCmd        `cmd:"" help:"Read and change a map."`
	Set        setCmd        `cmd:"" help:"Read and change a set."`
	List       listCmd       `cmd:"" help:"Read and change a list."`
	SortedSet  sortedSetCmd  `cmd:"" name:"sortedset" help:"Read and change a sorted set."`
	Value      valueCmd      `cmd:"" help:"Read and change a value."`
	Counter    counterCmd    `cmd:"" help:"Read and change a counter."`
	Chan       chanCmd       `cmd:"" help:"Send and receive through a channel."`
	Mailbox    mailboxCmd    `cmd:"" help:"Send letters to mailboxes and receive them."`
	PQ         pqCmd         `cmd:"" name:"pq" help:"Push to a priority queue and pop from it."`
	Topic      topicCmd      `cmd:"" help:"Publish messages to a topic and subscribe to it."`
	Lock       lockCmd       `cmd:"" help:"List, show and break locks, and run a program while holding one."`
	RPC        rpcCmd        `cmd:"" name:"rpc" help:"List the methods of an RPC service, call them and ping its workers."`
	Ls         lsCmd         `cmd:"" help:"List keys with type, size, expiry and the likely object type."`
	ACL        aclCmd        `cmd:"" name:"acl" help:"Print the Redis ACL rules that a user needs for an object."`
	Check      checkCmd      `cmd:"" help:"Report server settings that weaken the guarantees."`
	Help       helpCmd       `cmd:"" help:"Describe a Redis command."`
	Do         doCmd         `cmd:"" help:"Check a Redis command, send it and print the reply."`
	Repl       replCmd       `cmd:"" help:"Run Redis commands interactively, with completion, history and help, or from a pipe."`
	Completion completionCmd `cmd:"" help:"Print a completion script for a shell."`
	Version    versionCmd    `cmd:"" help:"Print the version."`

	TourWorker tourWorkerCmd `cmd:"" hidden:"" help:"The other process of a tour."`
}

// streams are the standard streams of a command.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// exit is the panic value with which the parser ends the program, for example after
// --help.
type exit int

// run is the whole program. It returns the exit status.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) (status int) {
	defer func() {
		switch code := recover().(type) {
		case nil:
		case exit:
			status = int(code)
		default:
			panic(code)
		}
	}()
	in := newStdin(ctx, stdin)
	defer in.close()
	var c cli
	parser, err := kong.New(&c, kong.Name("desir"), kong.Writers(stdout, stderr),
		kong.Description(about), kong.Vars{"version": versions()},
		kong.Exit(func(code int) { panic(exit(code)) }),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(streams{in, stdout, stderr}),
		kong.KindMapper(reflect.String, kong.MapperFunc(decodeWord)),
		kong.KindMapper(reflect.Int, kong.MapperFunc(decodeNumber)), kong.KindMapper(reflect.Int64, kong.MapperFunc(decodeNumber)),
		kong.KindMapper(reflect.Float64, kong.MapperFunc(decodeFloat)))
	if err != nil {
		return fail(stderr, err, 1)
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	if args[0] == completeArg {
		if err := complete(stdout, parser.Model.Node, args[1:]); err != nil {
			return fail(stderr, err, 1)
		}
		return 0
	}
	parsed, err := parser.Parse(markNegatives(args))
	if err != nil {
		return fail(stderr, usageError(err, args), 2)
	}
	if err := c.resolve(ctx, streams{in, stdout, stderr}); err != nil {
		return fail(stderr, err, 1)
	}
	if err := parsed.Run(&c); err != nil {
		if ended, ok := errors.AsType[*statusError](err); ok {
			if ended.err == nil {
				return ended.status
			}
			return fail(stderr, ended.err, ended.status)
		}
		return fail(stderr, err, 1)
	}
	return 0
}

// about is the beginning of the help text.
const about = `desir reads and changes the data structures of the desir library in Redis, sends Redis commands and calls RPC services.

Exit status: 0 on success, 1 on failure or if there is no value, 2 for wrong usage.`

// usageError adds a pointer to the right help to an error of the parser.
func usageError(err error, args []string) error {
	see := "desir"
	if wrong, ok := errors.AsType[*kong.ParseError](err); ok && wrong.Context.Selected() != nil {
		see += " " + strings.TrimPrefix(wrong.Context.Selected().Path(), "desir ")
	}
	if c, ok := command.Builtin().Lookup(args[0]); ok {
		return fmt.Errorf("%w; to send the Redis command use: desir do %s", err, c.Usage())
	}
	return fmt.Errorf("%w; see %s --help", err, see)
}

const maxError = 4 << 10 // maximum length of a printed error in bytes

// fail prints an error as one line.
func fail(stderr io.Writer, err error, status int) int {
	text := errorText(err)
	if line, ok := errors.AsType[*lineError](err); ok && errors.Is(err, context.Canceled) {
		text += "; " + line.before()
	}
	fmt.Fprintln(stderr, "desir:", text)
	return status
}

// errorText returns the text of an error as one printable line.
func errorText(err error) string {
	switch {
	case !errors.Is(err, context.Canceled):
		return oneline.Line(err.Error(), maxError)
	case errors.Is(err, desir.ErrMaybeRan):
		return "interrupted; the command may have run"
	default:
		return "interrupted"
	}
}
