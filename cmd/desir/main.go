package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"reflect"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/desir-go/desir"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// cli is the grammar of the command line.
type cli struct {
	URL string `help:"Redis to work on; without it an embedded one." env:"DESIR_URL" placeholder:"redis://…"`

	Tour    tourCmd    `cmd:"" help:"Count the words of text files with workers that share a channel, a map, a set, a list, a counter and a value; then ask another process by RPC."`
	Map     mapCmd     `cmd:"" help:"Show and change a map."`
	Set     setCmd     `cmd:"" help:"Show and change a set."`
	List    listCmd    `cmd:"" help:"Show and change a list."`
	Value   valueCmd   `cmd:"" help:"Show and change a value."`
	Counter counterCmd `cmd:"" help:"Show and change a counter."`
	Chan    chanCmd    `cmd:"" help:"Send and receive through a channel."`
	Mailbox mailboxCmd `cmd:"" help:"Send letters to addresses and receive them."`
	Topic   topicCmd   `cmd:"" help:"Publish and listen."`
	RPC     rpcCmd     `cmd:"" name:"rpc" help:"Ask the workers of a service, and call their methods."`
	Help    helpCmd    `cmd:"" help:"Explain a Redis command."`
	Do      doCmd      `cmd:"" help:"Check a Redis command, send it and print the answer."`
	Repl    replCmd    `cmd:"" help:"Redis commands line by line, with completion, history and help; reads a pipe as well."`
	Version versionCmd `cmd:"" help:"Print the version."`

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
		if code, ok := recover().(exit); ok {
			status = int(code)
		}
	}()
	in := newStdin(ctx, stdin)
	defer in.close()
	var c cli
	parser, err := kong.New(&c, kong.Name("desir"), kong.Writers(stdout, stderr),
		kong.Description("Redis-backed structures that feel like Go's own."),
		kong.Exit(func(code int) { panic(exit(code)) }),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(streams{in, stdout, stderr}),
		kong.KindMapper(reflect.String, kong.MapperFunc(decodeWord)),
		kong.KindMapper(reflect.Int, kong.MapperFunc(decodeNumber)), kong.KindMapper(reflect.Int64, kong.MapperFunc(decodeNumber)))
	if err != nil {
		return fail(stderr, err, 1)
	}
	command, err := parser.Parse(hideMinus(args))
	if err != nil {
		return fail(stderr, fmt.Errorf("%w; see desir --help", err), 2)
	}
	if err := command.Run(&c); err != nil {
		return fail(stderr, err, 1)
	}
	return 0
}

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
		return inLine(err.Error())
	case errors.Is(err, desir.ErrMaybeRan):
		return "interrupted; the command may have been executed"
	default:
		return "interrupted"
	}
}
