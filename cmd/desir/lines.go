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

// listing is how a command that walks prints.
type listing struct {
	Count int `short:"n" default:"0" help:"End after so many; 0 for no end."`
	view  `embed:""`
}

// loop returns the options of its loop.
func (p patience) loop() []channel.LoopOption {
	if p.Idle < 0 {
		return nil
	}
	return []channel.LoopOption{channel.Idle(p.Idle)}
}

// fromStream tells that the words of a command line are the lines of a stream:
// there are none, or one that is a dash.
func fromStream(words []string) bool { return len(words) == 0 || len(words) == 1 && words[0] == "-" }

// each calls f for each of the words, or for the lines of a stream.
func each(words []string, in io.Reader, f func(string) error) error {
	return batches(words, in, 1, func(words []string) error {
		for _, w := range words {
			if err := f(w); err != nil {
				return err
			}
		}
		return nil
	})
}

// batchMost is how many lines of a stream travel together.
const batchMost = 500

// batches calls f for all of the words, or for the lines of a stream: up to most
// of them at a time, and never waiting for more to come. It calls f once if there
// are none.
func batches(words []string, in io.Reader, most int, f func([]string) error) error {
	if !fromStream(words) {
		return f(words)
	}
	var batch []string
	calls := 0
	for lines := bufio.NewReader(in); ; {
		line, err := lines.ReadString('\n')
		if line != "" {
			batch = append(batch, strings.TrimSuffix(line, "\n"))
		}
		end := errors.Is(err, io.EOF)
		if err != nil && !end {
			return err
		}
		if len(batch) == most || len(batch) > 0 && (end || lines.Buffered() == 0) || end && calls == 0 {
			if err := f(batch); err != nil {
				return err
			}
			batch = batch[:0]
			calls++
		}
		if end {
			return nil
		}
	}
}

// whole is a word, or all of a stream without its last line feed if it is a dash.
func whole(word string, in io.Reader) (string, error) {
	if word != "-" {
		return word, nil
	}
	all, err := io.ReadAll(in)
	return strings.TrimSuffix(string(all), "\n"), err
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

// printed prints a result of a call, if there is one.
func printed(out io.Writer) func(v any, err error) error {
	return func(v any, err error) error {
		if err == nil {
			_, err = fmt.Fprintln(out, v)
		}
		return err
	}
}
