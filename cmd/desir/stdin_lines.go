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

// receiveFlags limits how long a receiving command runs.
type receiveFlags struct {
	Count int           `short:"n" default:"0" help:"Stop after this many; 0 means no limit."`
	Idle  time.Duration `default:"-1s" help:"Stop if none arrives for this long; negative means never."`
}

// listFlags has the flags of a command that iterates.
type listFlags struct {
	Count     int `short:"n" default:"0" help:"Stop after this many; 0 means no limit."`
	viewFlags `embed:""`
}

// loopOptions returns the options of the receiving loop.
func (p receiveFlags) loopOptions() []channel.LoopOption {
	if p.Idle < 0 {
		return nil
	}
	return []channel.LoopOption{channel.Idle(p.Idle)}
}

// fromStream reports whether values are read from standard input: words are empty, or a
// single dash.
func fromStream(words []string) bool { return len(words) == 0 || len(words) == 1 && words[0] == "-" }

// maxBatch is the number of lines that are sent together.
const maxBatch = 500

// readLines calls f with the lines of a stream, without their LF or CRLF. Each call
// gets up to most lines. It does not wait for more lines while it has some. If there
// are no lines, it calls f once.
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

// withoutEnd returns a text without its last line ending.
func withoutEnd(text string) string {
	if line, ok := strings.CutSuffix(text, "\n"); ok {
		return strings.TrimSuffix(line, "\r")
	}
	return text
}

// lineError reports the line of standard input that failed, and how many lines before
// it succeeded.
type lineError struct {
	first, last int    // range of the failed lines
	done        int    // number of successful lines before them
	verb        string // what was done with these, "stored"
	err         error
}

// Error returns a text such as "line 5000: …; 4999 lines before were stored".
func (e *lineError) Error() string {
	where := fmt.Sprintf("line %d", e.first)
	if e.last > e.first {
		where = fmt.Sprintf("lines %d to %d", e.first, e.last)
	}
	return fmt.Sprintf("%s: %v; %s", where, e.err, e.before())
}

// before describes the lines before the failed ones.
func (e *lineError) before() string {
	if e.done == 1 {
		return "1 line before was " + e.verb
	}
	return fmt.Sprintf("%d lines before were %s", e.done, e.verb)
}

// Unwrap returns the cause.
func (e *lineError) Unwrap() error { return e.err }

// wordOrStream returns word, or the whole stream without its last line ending if word is
// a dash.
func wordOrStream(word string, in io.Reader) (string, error) {
	if word != "-" {
		return word, nil
	}
	all, err := io.ReadAll(in)
	return withoutEnd(string(all)), err
}

// printEach prints one line per element, up to count lines unless count is 0. It stops
// at the first error.
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

// printResult prints the result of a call if there is no error.
func printResult(out io.Writer) func(v any, err error) error {
	return func(v any, err error) error {
		if err == nil {
			_, err = fmt.Fprintln(out, v)
		}
		return err
	}
}
