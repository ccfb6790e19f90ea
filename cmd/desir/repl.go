package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/command"
	"github.com/desir-go/desir/internal/cmdline"
)

// replCmd reads commands, sends them and prints the replies.
type replCmd struct {
	commandFlags `embed:""`
}

// Run is "desir repl".
func (c *replCmd) Run(ctx context.Context, s streams, flags *cli) (err error) {
	rdb, _, disconnect, err := connect(ctx, flags.URL)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, disconnect()) }()
	spec := loadSpec(ctx, rdb)
	r := &repl{commandFlags: c.commandFlags, rdb: rdb, spec: spec, runner: c.runner(rdb, spec), streams: s, wait: scanWait}
	defer func() { err = errors.Join(err, r.endSession()) }()
	if r.atTerminal() {
		return r.edit(ctx, flags.URL == "")
	}
	return r.read(ctx)
}

// repl is an interactive session.
type repl struct {
	commandFlags
	streams
	rdb    redis.UniversalClient
	spec   *command.Spec
	runner *command.Runner
	wait   time.Duration // time limit for keys in completion

	session *command.Session // nil before the first command, and on a cluster
	state   connState
}

// errExit ends a session.
var errExit = errors.New("leave")

// atTerminal reports whether lines can be edited: the streams are a capable terminal.
func (r *repl) atTerminal() bool {
	in, ok := r.in.(*stdin)
	return ok && in.from == io.Reader(os.Stdin) && isTerminal(in.from) && isTerminal(r.out) && !slices.Contains([]string{"", "dumb"}, os.Getenv("TERM"))
}

// read runs the lines of a pipe and prints one reply per line, without a prompt. It
// goes on after a line that fails.
func (r *repl) read(ctx context.Context) error {
	lines, failed := 0, 0
	err := readLines(r.in, 1, func(batch []string) error {
		if len(batch) == 0 {
			return nil
		}
		lines++
		err := r.execute(ctx, batch[0])
		switch {
		case err == nil:
		case errors.Is(err, errExit), ctx.Err() != nil:
			return err
		default:
			failed++
			fmt.Fprintf(r.err, "desir: line %d: %s\n", lines, errorText(err))
		}
		return nil
	})
	if err != nil && !errors.Is(err, errExit) {
		return err
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d lines failed", failed, lines)
	}
	return nil
}

// execute runs one line.
func (r *repl) execute(ctx context.Context, line string) error {
	words, err := cmdline.Split(line)
	if err != nil || len(words) == 0 {
		return err
	}
	switch strings.ToLower(words[0]) {
	case "exit", "quit":
		return errExit
	case "help":
		return r.help(words[1:])
	}
	reply, err := r.ask(ctx, words)
	if err != nil {
		return err
	}
	return r.print(r.out, reply)
}

// help describes a command, or the session itself.
func (r *repl) help(words []string) error {
	if len(words) == 0 {
		_, err := fmt.Fprintln(r.out, strings.TrimSpace(`
help COMMAND     describe a command
help @list       list the commands of a group or category
exit, quit       end the session, as Ctrl-D does
Tab              complete commands, options and keys
Ctrl-C           cancel the running command; pressed twice, end the session`))
		return err
	}
	return explain(r.out, r.spec, words)
}
