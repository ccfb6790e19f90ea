package codec

import (
	"encoding/json"
	"errors"
	"reflect"
	"strconv"
	"strings"
	"unsafe"
)

// jsonForm is encoding/json, with a guard for types of which short text makes much.
func jsonForm(t reflect.Type) (*form, error) {
	p, err := jsonPlanOf(t, true)
	if err != nil {
		return nil, err
	}
	check := fits
	if p.guarded {
		check = p.check
	}
	return &form{
		append: func(dst []byte, v unsafe.Pointer) (_ []byte, err error) {
			defer caught(&err)
			if p.walked {
				if err := p.walk(reflect.NewAt(t, v).Elem()); err != nil {
					return nil, err
				}
			}
			w := appender{dst}
			enc := json.NewEncoder(&w)
			enc.SetEscapeHTML(false)
			if err := enc.Encode(reflect.NewAt(t, v).Interface()); err != nil {
				return nil, quiet(err)
			}
			out := w.buf[:len(w.buf)-1] // without the line feed that an Encoder ends with
			if !p.guarded {
				return out, nil
			}
			return out, check(out[len(dst):], roomKept(len(out)-len(dst)))
		},
		decode: func(data []byte, v unsafe.Pointer, room int) (err error) {
			defer caught(&err)
			if err := check(data, room); err != nil {
				return err
			}
			return jsonReason(json.Unmarshal(data, reflect.NewAt(t, v).Interface()))
		},
		check: check,
	}, nil
}

type appender struct {
	buf []byte
}

func (w *appender) Write(b []byte) (int, error) {
	w.buf = append(w.buf, b...)
	return len(b), nil
}

// quiet hides the words of errors that quote what a marshaler returned.
func quiet(err error) error {
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return &foreign{"json", syntax}
	}
	return err
}

// jsonReason says what encoding/json found where, without the value, which its own words
// may quote.
func jsonReason(err error) error {
	if syntax, ok := err.(*json.SyntaxError); ok {
		return &told{"no JSON: byte " + strconv.FormatInt(syntax.Offset, 10), err}
	}
	bad, ok := err.(*json.UnmarshalTypeError)
	if !ok {
		return reworded("json", err)
	}
	found, _, _ := strings.Cut(bad.Value, " ") // a number stands behind its kind
	words := jsonWord(found) + ", want " + jsonWant(bad.Type)
	if found == "number" && jsonInteger(bad.Type.Kind()) {
		words = "a number that is no " + bad.Type.String()
	}
	why := error(&told{words, err})
	if bad.Field != "" {
		why = in(bad.Field, why)
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
