package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/oneline"
)

// view is how a command prints what is stored. Nothing in Redis says of which Go
// type a value is, so it goes by the bytes: a text is shown as it is, msgpack as
// JSON, anything else in quotes.
type view struct {
	JSON    bool `help:"Print a JSON value on each line: a text in quotes, objects for what has several parts."`
	Msgpack bool `help:"Take all values for msgpack, also those that look like texts: what pointers, interfaces and the codec Msgpack store."`
}

// text returns what is printed for a stored value: one line, without anything that
// a terminal would obey.
func (v view) text(stored string) string {
	if v.Msgpack || !printable(stored) && stored[0] >= utf8.RuneSelf {
		if doc, ok := unpacked(stored); ok {
			return string(appendJSON(nil, doc))
		}
	}
	switch {
	case !v.JSON:
		return shown(stored)
	case utf8.ValidString(stored):
		return string(appendText(nil, stored))
	}
	return string(appendJSON(nil, []byte(stored)))
}

// print prints what a call has found; a miss is an error with the words of format.
func (v view) print(out io.Writer, stored string, ok bool, err error, format string, names ...any) error {
	if err == nil && !ok {
		for i, n := range names {
			names[i] = shown(fmt.Sprint(n))
		}
		err = fmt.Errorf(format, names...)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, v.text(stored))
	return err
}

// parts returns a line of two: by name in JSON, else with sep between them. The
// first is a text of the library's or a key, never taken for msgpack by force.
func (v view) parts(name1, stored1, sep, name2, stored2 string) string {
	first := view{JSON: v.JSON}.text(stored1)
	if v.JSON {
		return fmt.Sprintf("{%q:%s,%q:%s}", name1, first, name2, v.text(stored2))
	}
	return first + sep + v.text(stored2)
}

// shown is a text as it can be printed, whole: quoted if a terminal could take a part of
// it for something else than text.
func shown(text string) string {
	if printable(text) {
		return text
	}
	return oneline.Quote(text, math.MaxInt)
}

// harmless is a text of several lines with what a terminal would obey escaped.
func harmless(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = oneline.Line(line, math.MaxInt)
	}
	return strings.Join(lines, "\n")
}

func printable(text string) bool { return oneline.Plain(text) }

// input is how a command takes the values that it writes.
type input struct {
	AsText    bool `name:"text" xor:"input" help:"Take values as texts, also those that begin as JSON does."`
	AsJSON    bool `name:"json" xor:"input" help:"Take values as JSON: strings, numbers, booleans and null too."`
	AsMsgpack bool `name:"msgpack" xor:"input" help:"Take values as JSON, and store all of them as msgpack: for pointers, interfaces and the codec Msgpack."`
}

// stored returns the bytes of a value from the command line or a pipe: those that
// [codec.Auto] writes for the Go value that it is.
func (in input) stored(word string) (string, error) {
	json := in.AsJSON || in.AsMsgpack
	if in.AsText || !json && !strings.HasPrefix(word, "{") && !strings.HasPrefix(word, "[") {
		return word, nil
	}
	v, err := parseJSON(word)
	if err != nil {
		if !json {
			err = fmt.Errorf(`%w (what begins like this is taken for JSON; a text like it is {"$bytes":"…"}, or comes with --text)`, err)
		}
		return "", err
	}
	if in.AsMsgpack {
		return packed(v)
	}
	return auto(v)
}

// one is the bytes of a word, or of all of a stream if the word is a dash.
func (in input) one(word string, stream io.Reader) (string, error) {
	word, err := whole(word, stream)
	if err != nil {
		return "", err
	}
	return in.stored(word)
}

// batches calls f with the bytes of words, or of the lines of a stream, up to most of
// them at a time; f returns how many were done where that are not all or none. Of a
// stream the good lines in front of a bad one are done; verb says what that is.
func (in input) batches(words []string, stream io.Reader, most int, verb string, f func([]string) (int, error)) error {
	if !fromStream(words) {
		values, err := in.all(words)
		for len(values) > 0 && err == nil {
			n := min(most, len(values))
			_, err = f(values[:n])
			values = values[n:]
		}
		return err
	}
	read, done := 0, 0
	err := readLines(stream, most, func(lines []string) error {
		values, wrong := in.all(lines)
		if len(values) > 0 || wrong == nil {
			n, last, err := attempt(values, f)
			if err != nil {
				return &lineError{read + n + 1, read + last, done + n, verb, err}
			}
		}
		read, done = read+len(values), done+len(values)
		if wrong != nil {
			return &lineError{read + 1, read + 1, done, verb, wrong}
		}
		return nil
	})
	if _, ok := errors.AsType[*lineError](err); err != nil && !ok {
		err = &lineError{read + 1, read + 1, done, verb, err}
	}
	return err
}

// attempt calls f with all values: one by one where it refuses them together because
// one is too large. It returns how many were done, and the number of the last one that
// failed.
func attempt(values []string, f func([]string) (int, error)) (done, last int, err error) {
	done, err = f(values)
	if done > 0 || !errors.Is(err, codec.ErrTooLarge) {
		return done, len(values), err
	}
	for i := range values {
		if _, err := f(values[i : i+1]); err != nil {
			return i, i + 1, err
		}
	}
	return len(values), len(values), nil
}

// each calls f with the bytes of each of the words, or of the lines of a stream.
func (in input) each(words []string, stream io.Reader, verb string, f func(string) error) error {
	return in.batches(words, stream, 1, verb, func(values []string) (int, error) {
		for _, value := range values {
			if err := f(value); err != nil {
				return 0, err
			}
		}
		return 0, nil
	})
}

// all is the bytes of each of several words, up to the first that has none.
func (in input) all(words []string) ([]string, error) {
	stored := make([]string, 0, len(words))
	for _, word := range words {
		value, err := in.stored(word)
		if err != nil {
			return stored, err
		}
		stored = append(stored, value)
	}
	return stored, nil
}

// key returns the bytes of a key of a map: JSON for structs and arrays, else a text.
func key(word string) (string, error) { return input{}.stored(word) }

// auto stores scalars as the texts that they are in Redis, all else as msgpack.
func auto(v any) (string, error) {
	switch v.(type) {
	case bool, int64, uint64, float32, float64, string, []byte, time.Time:
		data, err := codec.Auto.Append(nil, v)
		return string(data), err
	}
	return packed(v)
}
