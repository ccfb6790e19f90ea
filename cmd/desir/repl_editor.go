package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/redis/go-redis/v9"
	"github.com/reeflective/readline"
	"golang.org/x/term"
)

// typed is a line from the editor.
type typed struct {
	line string
	err  error
}

// edit reads and runs lines at a terminal. Ctrl-C cancels the running command. If none
// is running, Ctrl-C twice ends the session, as Ctrl-D does.
//
// Ctrl-C has cancelled ctx in that case, so the session has its own context.
func (r *repl) edit(ctx context.Context, embedded bool) error {
	ctx, stop := signal.NotifyContext(context.WithoutCancel(ctx), syscall.SIGTERM)
	defer stop()
	if state, err := term.GetState(int(os.Stdin.Fd())); err == nil {
		defer func() { _ = term.Restore(int(os.Stdin.Fd()), state) }()
	}
	shell := r.shell(func() string { return r.prompt(embedded) })
	for interrupts := 0; ; {
		next := make(chan typed, 1)
		go func() {
			line, err := shell.Readline()
			next <- typed{line, err}
		}()
		var in typed
		select {
		case in = <-next:
		case <-ctx.Done():
			return ctx.Err() // reading ends with the process
		}
		switch {
		case errors.Is(in.err, readline.ErrInterrupt):
			if interrupts++; in.line != "" {
				interrupts = 0
			}
			if interrupts == 2 {
				return nil
			}
			if interrupts == 1 {
				fmt.Fprintln(r.err, "press Ctrl-C again, or Ctrl-D, to end the session")
			}
			continue
		case errors.Is(in.err, io.EOF):
			return nil
		case in.err != nil:
			return in.err
		}
		interrupts = 0
		switch err := r.executeUntilInterrupt(ctx, in.line); {
		case errors.Is(err, errExit):
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			fmt.Fprintln(r.err, errorText(err))
		}
	}
}

// executeUntilInterrupt runs one line until Ctrl-C.
func (r *repl) executeUntilInterrupt(ctx context.Context, line string) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	return r.execute(ctx, line)
}

// shell makes the line editor.
func (r *repl) shell(prompt func() string) *readline.Shell {
	shell := readline.NewShell()
	_ = shell.Config.Set("menu-complete-display-prefix", true) // Tab lists the completions before it inserts the first
	insertAsTyped(shell)
	shell.Prompt.Primary(prompt)
	shell.History.Add("history", openHistory(func(line string) bool { return len(secrets(r.spec, wordsOf(line))) == 0 }))
	shell.SyntaxHighlighter = func(line []rune) string {
		completeRune(shell) // called before each key
		return masked(r.spec, string(line))
	}
	shell.Hint.SetProvider(func(line []rune, cursor int) []rune {
		if text := r.hint(string(line[:cursor])); text != "" {
			return []rune("\x1b[2m" + harmless(text) + "\x1b[0m")
		}
		return nil
	})
	shell.Completer = func(line []rune, cursor int) readline.Completions {
		prefix, values := r.complete(string(line[:cursor]))
		all := readline.CompleteValues(values...)
		all.PREFIX = prefix
		return all
	}
	return shell
}

// prompt returns a prompt like that of redis-cli, with the server, the database and an
// open transaction.
func (r *repl) prompt(embedded bool) string {
	one, ok := r.rdb.(*redis.Client)
	if !ok {
		return "cluster> "
	}
	text, db := shown(one.Options().Addr), one.Options().DB
	if embedded {
		text = "embedded"
	}
	if r.state.changed {
		db = r.state.db
	}
	if db != 0 {
		text += fmt.Sprintf("[%d]", db)
	}
	if r.state.multi {
		text += "(TX)"
	}
	return text + "> "
}
