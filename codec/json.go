package codec

import (
	"encoding/json"
	"errors"
	"reflect"
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
			return reworded("json", json.Unmarshal(data, reflect.NewAt(t, v).Interface()))
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
