package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"time"

	"golang.org/x/term"
)

var errNoTerminal = errors.New("--askpass needs a terminal; without one, set DESIR_PASSWORD")

// askPassword reads a password from the terminal without echo. Standard input may be
// redirected.
func askPassword(ctx context.Context, stderr io.Writer) (string, error) {
	in := os.Stdin
	if tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0); err == nil {
		defer tty.Close()
		in, stderr = tty, tty
	}
	fd := int(in.Fd())
	state, err := term.GetState(fd)
	if err != nil {
		return "", errNoTerminal
	}
	type read struct {
		password []byte
		err      error
	}
	done := make(chan read, 1)
	go func() {
		password, err := term.ReadPassword(fd)
		done <- read{password, err}
	}()
	awaitSilence(fd, state)
	fmt.Fprint(stderr, "Password: ")
	defer fmt.Fprintln(stderr)
	select {
	case r := <-done:
		return string(r.password), r.err
	case <-ctx.Done():
		_ = term.Restore(fd, state) // reading ends with the process
		return "", ctx.Err()
	}
}

// awaitSilence waits until the terminal does not echo any more, so that nobody types a
// password before. Nothing reports that but the terminal's state.
func awaitSilence(fd int, before *term.State) {
	for range 100 {
		now, err := term.GetState(fd)
		if err != nil || !reflect.DeepEqual(now, before) {
			return
		}
		time.Sleep(time.Millisecond)
	}
}
