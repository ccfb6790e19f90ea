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

// cli is the grammar of the command line.
type cli struct {
	where       `embed:""`
	ShowVersion kong.VersionFlag `name:"version" help:"Print the version and leave."`

	Tour       tourCmd       `cmd:"" help:"Count the words of text files with workers that share a channel, a map, a set, a list, a counter and a value; then ask another process by RPC."`
	Map        mapCmd        `cmd:"" help:"Show and change a map."`
	Set        setCmd        `cmd:"" help:"Show and change a set."`
	List       listCmd       `cmd:"" help:"Show and change a list."`
	SortedSet  sortedSetCmd  `cmd:"" name:"sortedset" help:"Show and change a sorted set."`
	Value      valueCmd      `cmd:"" help:"Show and change a value."`
	Counter    counterCmd    `cmd:"" help:"Show and change a counter."`
	Chan       chanCmd       `cmd:"" help:"Send and receive through a channel."`
	Mailbox    mailboxCmd    `cmd:"" help:"Send letters to addresses and receive them."`
	PQ         pqCmd         `cmd:"" name:"pq" help:"Push into a priority queue and pop from it."`
	Topic      topicCmd      `cmd:"" help:"Publish and listen."`
	RPC        rpcCmd        `cmd:"" name:"rpc" help:"Ask the workers of a service, and call their methods."`
	Ls         lsCmd         `cmd:"" help:"List keys with what they hold: type, size, expiry and the object that each looks like."`
	ACL        aclCmd        `cmd:"" name:"acl" help:"Print the access rules that a user needs for a role at an object."`
	Check      checkCmd      `cmd:"" help:"Say what the settings of the servers take from the guarantees."`
	Help       helpCmd       `cmd:"" help:"Explain a Redis command."`
	Do         doCmd         `cmd:"" help:"Check a Redis command, send it and print the answer."`
	Repl       replCmd       `cmd:"" help:"Redis commands line by line, with completion, history and help; reads a pipe as well."`
	Completion completionCmd `cmd:"" help:"Print the script that makes a shell complete."`
	Version    versionCmd    `cmd:"" help:"Print the version."`

	TourWorker tourWorkerCmd `cmd:"" hidden:"" help:"The other process of a tour."`
}

// streams is where a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// exit ends the parser from inside, after --help say.
type exit int

// run is the whole program; it returns the exit status.
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
	if args[0] == completing {
		if err := complete(stdout, parser.Model.Node, args[1:]); err != nil {
			return fail(stderr, err, 1)
		}
		return 0
	}
	command, err := parser.Parse(hideMinus(args))
	if err != nil {
		return fail(stderr, misused(err, args), 2)
	}
	if err := c.resolve(ctx, streams{in, stdout, stderr}); err != nil {
		return fail(stderr, err, 1)
	}
	if err := command.Run(&c); err != nil {
		return fail(stderr, err, 1)
	}
	return 0
}

// about is what --help begins with.
const about = `Redis-backed structures that feel like Go's own.

Exit status: 0 done, 1 failed or nothing there, 2 wrong usage.`

// misused is the error of words that the parser refuses, with where to look.
func misused(err error, args []string) error {
	see := "desir"
	if wrong, ok := errors.AsType[*kong.ParseError](err); ok && wrong.Context.Selected() != nil {
		see += " " + strings.TrimPrefix(wrong.Context.Selected().Path(), "desir ")
	}
	if c, ok := command.Builtin().Lookup(args[0]); ok {
		return fmt.Errorf("%w; the Redis command is: desir do %s", err, c.Usage())
	}
	return fmt.Errorf("%w; see %s --help", err, see)
}

const maxError = 4 << 10 // bytes of an error as it is printed

// fail prints the one line that says why.
func fail(stderr io.Writer, err error, status int) int {
	text := complaint(err)
	if line, ok := errors.AsType[*lineError](err); ok && errors.Is(err, context.Canceled) {
		text += "; " + line.before()
	}
	fmt.Fprintln(stderr, "desir:", text)
	return status
}

// complaint says what went wrong, in one line that a terminal shows as it is.
func complaint(err error) string {
	switch {
	case !errors.Is(err, context.Canceled):
		return oneline.Line(err.Error(), maxError)
	case errors.Is(err, desir.ErrMaybeRan):
		return "interrupted; the command may have been executed"
	default:
		return "interrupted"
	}
}
