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

// viewFlags has the flags of a command that prints stored values. Redis does not record
// the Go type of a value, so the format follows from the bytes: text is printed
// unchanged, msgpack as JSON, other bytes in quotes.
type viewFlags struct {
	JSON    bool `help:"Print one JSON value per line; entries with several parts are objects."`
	Msgpack bool `help:"Decode all values as msgpack, even those that look like text. Go types with pointers or interfaces and the codec Msgpack store such values."`
}

// text returns the printed form of a stored value: one line without terminal control
// characters.
func (v viewFlags) text(stored string) string {
	if v.Msgpack || !printable(stored) && stored[0] >= utf8.RuneSelf {
		if doc, ok := fromMsgpack(stored); ok {
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

// print prints a value. If ok is false, it returns an error with the given format.
func (v viewFlags) print(out io.Writer, stored string, ok bool, err error, format string, names ...any) error {
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

// parts formats two values on one line: as a JSON object, or separated by sep. The
// first is text or a key and is never decoded with --msgpack.
func (v viewFlags) parts(name1, stored1, sep, name2, stored2 string) string {
	first := viewFlags{JSON: v.JSON}.text(stored1)
	if v.JSON {
		return fmt.Sprintf("{%q:%s,%q:%s}", name1, first, name2, v.text(stored2))
	}
	return first + sep + v.text(stored2)
}

// shown returns text if it is printable, and quotes it otherwise.
func shown(text string) string {
	if printable(text) {
		return text
	}
	return oneline.Quote(text, math.MaxInt)
}

// harmless escapes terminal control characters in a text of several lines.
func harmless(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = oneline.Line(line, math.MaxInt)
	}
	return strings.Join(lines, "\n")
}

func printable(text string) bool { return oneline.Plain(text) }

// valueFlags has the flags of a command that writes values.
type valueFlags struct {
	AsText    bool `name:"text" xor:"input" help:"Take all values as text, even if they begin with { or [."`
	AsJSON    bool `name:"json" xor:"input" help:"Take all values as JSON, including strings, numbers, booleans and null."`
	AsMsgpack bool `name:"msgpack" xor:"input" help:"Take all values as JSON and store them as msgpack, for Go types with pointers or interfaces and for the codec Msgpack."`
}

// encode encodes a value from the command line or a pipe as [codec.Auto] encodes the Go
// value.
func (in valueFlags) encode(word string) (string, error) {
	json := in.AsJSON || in.AsMsgpack
	if in.AsText || !json && !strings.HasPrefix(word, "{") && !strings.HasPrefix(word, "[") {
		return word, nil
	}
	v, err := parseJSON(word)
	if err != nil {
		if !json {
			err = fmt.Errorf(`%w (a value that begins with { or [ is parsed as JSON; for text use --text or {"$bytes":"…"})`, err)
		}
		return "", err
	}
	if in.AsMsgpack {
		return toMsgpack(v)
	}
	return encodeAuto(v)
}

// encodeOne encodes a word, or a whole stream if the word is a dash.
func (in valueFlags) encodeOne(word string, stream io.Reader) (string, error) {
	word, err := wordOrStream(word, stream)
	if err != nil {
		return "", err
	}
	return in.encode(word)
}

// encodeBatches calls f with the encoded words, or lines of a stream, up to most at a
// time. If f fails after some values, it returns their number. The valid lines of a
// stream before an invalid one are passed to f. verb names in errors what f does.
func (in valueFlags) encodeBatches(words []string, stream io.Reader, most int, verb string, f func([]string) (int, error)) error {
	if !fromStream(words) {
		values, err := in.encodeAll(words)
		for len(values) > 0 && err == nil {
			n := min(most, len(values))
			_, err = f(values[:n])
			values = values[n:]
		}
		return err
	}
	read, done := 0, 0
	err := readLines(stream, most, func(lines []string) error {
		values, wrong := in.encodeAll(lines)
		if len(values) > 0 || wrong == nil {
			n, last, err := applyValues(values, f)
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

// applyValues calls f with all values. If f refuses them because one is too large, it
// calls f with one value at a time. It returns the number of values done, and the number
// of the last value that failed.
func applyValues(values []string, f func([]string) (int, error)) (done, last int, err error) {
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

// encodeEach calls f with each encoded word, or line of a stream.
func (in valueFlags) encodeEach(words []string, stream io.Reader, verb string, f func(string) error) error {
	return in.encodeBatches(words, stream, 1, verb, func(values []string) (int, error) {
		for _, value := range values {
			if err := f(value); err != nil {
				return 0, err
			}
		}
		return 0, nil
	})
}

// encodeAll encodes words, up to the first that is invalid.
func (in valueFlags) encodeAll(words []string) ([]string, error) {
	stored := make([]string, 0, len(words))
	for _, word := range words {
		value, err := in.encode(word)
		if err != nil {
			return stored, err
		}
		stored = append(stored, value)
	}
	return stored, nil
}

// encodeKey encodes the key of a map: a JSON object or array, or text.
func encodeKey(word string) (string, error) { return valueFlags{}.encode(word) }

// encodeAuto encodes scalars as Redis text, and all other values as msgpack.
func encodeAuto(v any) (string, error) {
	switch v.(type) {
	case bool, int64, uint64, float32, float64, string, []byte, time.Time:
		data, err := codec.Auto.Append(nil, v)
		return string(data), err
	}
	return toMsgpack(v)
}
