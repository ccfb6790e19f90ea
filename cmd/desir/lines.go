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

// batchMost is how many lines of a stream travel together.
const batchMost = 500

// readLines calls f for the lines of a stream without their ends, LF or CRLF: for up
// to most of them at a time, and never waiting for more to come. It calls f once if
// there are none.
func readLines(in io.Reader, most int, f func([]string) error) error {
	var batch []string
	calls := 0
	for lines := bufio.NewReader(in); ; {
		line, err := lines.ReadString('\n')
		if line != "" {
			batch = append(batch, withoutEnd(line))
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

// withoutEnd is a text without its last line end.
func withoutEnd(text string) string {
	if line, ok := strings.CutSuffix(text, "\n"); ok {
		return strings.TrimSuffix(line, "\r")
	}
	return text
}

// lineError says which line of standard input failed, and what became of those before.
type lineError struct {
	first, last int    // numbers of the lines that failed together
	done        int    // lines before them that were done
	verb        string // what was done with those: "stored"
	err         error
}

// Error is "line 5000: …; the 4999 lines before it were stored".
func (e *lineError) Error() string {
	where := fmt.Sprintf("line %d", e.first)
	if e.last > e.first {
		where = fmt.Sprintf("lines %d to %d", e.first, e.last)
	}
	return fmt.Sprintf("%s: %v; %s", where, e.err, e.before())
}

// before says what became of the lines before.
func (e *lineError) before() string {
	if e.done == 1 {
		return "1 line before was " + e.verb
	}
	return fmt.Sprintf("%d lines before were %s", e.done, e.verb)
}

// Unwrap returns what went wrong.
func (e *lineError) Unwrap() error { return e.err }

// whole is a word, or all of a stream without its last line end if it is a dash.
func whole(word string, in io.Reader) (string, error) {
	if word != "-" {
		return word, nil
	}
	all, err := io.ReadAll(in)
	return withoutEnd(string(all)), err
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
