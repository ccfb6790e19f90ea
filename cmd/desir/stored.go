package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/desir-go/desir/codec"
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

// shown is a text as it can be printed: quoted if a terminal could take a part of
// it for something else than text.
func shown(text string) string {
	if printable(text) {
		return text
	}
	return strconv.Quote(text)
}

// harmless is a text of several lines with what a terminal would obey escaped.
func harmless(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if !printable(line) {
			quoted := strconv.Quote(line)
			lines[i] = quoted[1 : len(quoted)-1]
		}
	}
	return strings.Join(lines, "\n")
}

func printable(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) })
}

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

// batches calls f with the bytes of words, or of the lines of a stream.
func (in input) batches(words []string, stream io.Reader, f func([]string) error) error {
	return batches(words, stream, batchMost, func(words []string) error {
		values, err := in.all(words)
		if err != nil {
			return err
		}
		return f(values)
	})
}

// each calls f with the bytes of each of the words, or of the lines of a stream.
func (in input) each(words []string, stream io.Reader, f func(string) error) error {
	return each(words, stream, func(word string) error {
		value, err := in.stored(word)
		if err != nil {
			return err
		}
		return f(value)
	})
}

// all is the bytes of each of several words.
func (in input) all(words []string) ([]string, error) {
	stored := make([]string, len(words))
	for i, word := range words {
		var err error
		if stored[i], err = in.stored(word); err != nil {
			return nil, err
		}
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
