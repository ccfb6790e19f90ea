package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/desir-go/desir/channel"
)

// patience is how long a command that receives goes on.
type patience struct {
	Count int           `short:"n" default:"0" help:"End after so many; 0 for no end."`
	Idle  time.Duration `default:"-1s" help:"End after waiting so long for the next; negative for never."`
}

// loop returns the options of its loop.
func (p patience) loop() []channel.LoopOption {
	if p.Idle < 0 {
		return nil
	}
	return []channel.LoopOption{channel.Idle(p.Idle)}
}

// each calls f for each of the words, or for the lines of a stream if there are
// none.
func each(words []string, in io.Reader, f func(string) error) error {
	if len(words) == 0 {
		return eachLine(in, f)
	}
	for _, w := range words {
		if err := f(w); err != nil {
			return err
		}
	}
	return nil
}

func eachLine(in io.Reader, f func(string) error) error {
	for lines := bufio.NewReader(in); ; {
		line, err := lines.ReadString('\n')
		if line != "" {
			if err := f(strings.TrimSuffix(line, "\n")); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// printEach prints a line for each of what comes, up to count of them unless that
// is 0. The first error is the last.
func printEach[T any](out io.Writer, all iter.Seq2[T, error], count int, text func(T) string) error {
	n := 0
	for v, err := range all {
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintln(out, text(v)); err != nil {
			return err
		}
		if n++; n == count {
			return nil
		}
	}
	return nil
}
