package codec

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"
	"unsafe"
)

// jsonForm is encoding/json, with a guard for types of which a short text may allocate
// much.
func jsonForm(t reflect.Type) (*form, error) {
	p, err := jsonPlanOf(t, true)
	if err != nil {
		return nil, err
	}
	check := fits
	if p.needsGuard {
		check = p.check
	}
	return &form{
		append: func(dst []byte, v unsafe.Pointer) (_ []byte, err error) {
			defer catchPanic(&err)
			if p.needsWalk {
				if err := p.walk(reflect.NewAt(t, v).Elem()); err != nil {
					return nil, err
				}
			}
			w := sliceWriter{dst}
			enc := json.NewEncoder(&w)
			enc.SetEscapeHTML(false)
			if err := enc.Encode(reflect.NewAt(t, v).Interface()); err != nil {
				return nil, hideJSONText(err)
			}
			out := w.buf[:len(w.buf)-1]                           // without the line feed that Encoder appends
			if bytes.Contains(out[len(dst):], []byte(`\ufffd`)) { // which encoding/json writes for invalid UTF-8
				if err := p.checkUTF8(reflect.NewAt(t, v).Elem()); err != nil {
					return nil, err
				}
			}
			if p.verify {
				if _, err := readBack(t, out[len(dst):], fromJSON); err != nil {
					return nil, err
				}
			}
			if !p.needsGuard {
				return out, nil
			}
			return out, check(out[len(dst):], appendBudget(len(out)-len(dst)))
		},
		decode: func(data []byte, v unsafe.Pointer, budget int) (err error) {
			defer catchPanic(&err)
			if err := check(data, budget); err != nil {
				return err
			}
			if !unicodeText(data) {
				return errUTF8
			}
			return jsonReason(json.Unmarshal(data, reflect.NewAt(t, v).Interface()))
		},
		check: check,
	}, nil
}

type sliceWriter struct {
	buf []byte
}

func (w *sliceWriter) Write(b []byte) (int, error) {
	w.buf = append(w.buf, b...)
	return len(b), nil
}

// hideJSONText replaces errors of encoding/json, and hides those that quote what a
// marshaler returned.
func hideJSONText(err error) error {
	switch e := err.(type) {
	case *json.UnsupportedValueError:
		return &sentinelError{ErrUnsupported, "JSON has no NaN, no infinity, and no value that contains itself"}
	case *json.UnsupportedTypeError:
		return unsupported(e.Type, "JSON has no "+e.Type.Kind().String())
	}
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return &foreignError{"json", syntax}
	}
	return err
}

// jsonReason says what encoding/json found and where. The text of encoding/json may quote
// the value.
func jsonReason(err error) error {
	if syntax, ok := err.(*json.SyntaxError); ok {
		return &restatedError{"invalid JSON at byte " + strconv.FormatInt(syntax.Offset, 10), err}
	}
	bad, ok := err.(*json.UnmarshalTypeError)
	if !ok {
		return hideForeign("json", err)
	}
	found, _, _ := strings.Cut(bad.Value, " ") // a number follows its kind
	words := jsonWord(found) + ", want " + jsonWant(bad.Type)
	if found == "number" && jsonInteger(bad.Type.Kind()) {
		words = "a number that is not a valid " + bad.Type.String()
	}
	why := error(&restatedError{words, err})
	if bad.Field != "" {
		why = inField(bad.Field, why)
	}
	return why
}

func jsonWord(found string) string {
	switch found {
	case "string":
		return "text"
	case "bool":
		return "boolean"
	case "number", "array", "object":
		return found
	}
	return "another value"
}

func jsonInteger(k reflect.Kind) bool { return k >= reflect.Int && k <= reflect.Uintptr }

func jsonWant(t reflect.Type) string {
	word := "object"
	switch k := t.Kind(); {
	case k == reflect.Bool:
		word = "boolean"
	case jsonInteger(k):
		word = "integer"
	case k == reflect.Float32, k == reflect.Float64:
		word = "number"
	case k == reflect.String:
		word = "text"
	case k == reflect.Slice, k == reflect.Array:
		word = "array"
	case k == reflect.Struct && t.Name() == "":
		return word + " (struct)" // its name is all its fields
	}
	return word + " (" + t.String() + ")"
}

// unicodeText reports whether encoding/json decodes all text unchanged. It replaces
// invalid UTF-8 and unpaired surrogates by U+FFFD.
func unicodeText(data []byte) bool {
	if !utf8.Valid(data) {
		return false
	}
	for i := 0; i+1 < len(data); i++ {
		next := bytes.IndexByte(data[i:], '\\')
		if next < 0 || i+next+1 >= len(data) {
			return true
		}
		if i += next + 1; data[i] != 'u' {
			continue
		}
		switch r := escaped(data[i+1:]); {
		case r >= 0xd800 && r < 0xdc00:
			if i += 6; i >= len(data) || data[i-1] != '\\' || data[i] != 'u' {
				return false
			}
			if r := escaped(data[i+1:]); r < 0xdc00 || r > 0xdfff {
				return false
			}
		case r >= 0xdc00 && r <= 0xdfff:
			return false
		}
	}
	return true
}

// escaped reads four hexadecimal digits. It returns -1 if data does not begin with them.
func escaped(data []byte) int64 {
	if len(data) < 4 {
		return -1
	}
	n, err := strconv.ParseUint(string(data[:4]), 16, 16)
	if err != nil {
		return -1
	}
	return int64(n)
}
