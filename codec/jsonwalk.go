package codec

import (
	"encoding"
	"math"
	"reflect"
)

// jsonWalker goes through a value before encoding/json does, which has no bound of depth:
// a value that is nested deep enough overflows the stack. It also asks of what stands in
// interfaces whether it could be stored by itself.
type jsonWalker struct {
	depth int
	hops  int // interfaces on the way
}

const whyJSONDepth = "nested deeper than 10000"

func (p *jsonPlan) walk(v reflect.Value) error {
	var w jsonWalker
	return w.value(p, v)
}

func (w *jsonWalker) value(p *jsonPlan, v reflect.Value) error {
	for p.kind == reflect.Pointer {
		if v.IsNil() {
			return nil
		}
		p, v = p.elem, v.Elem()
	}
	if p.free {
		return w.dynamic(v)
	}
	if p.kind == reflect.Invalid {
		if p.wide && w.hops > 0 && !exactly(v) {
			return errWide
		}
		return nil
	}
	if w.depth++; w.depth > maxJSONDepth {
		return tooLarge(whyJSONDepth)
	}
	defer func() { w.depth-- }()
	switch p.kind {
	case reflect.Slice, reflect.Array:
		if p.elem.kind == reflect.Invalid && !p.elem.free && (!p.elem.wide || w.hops == 0) {
			return nil
		}
		for i := range v.Len() {
			if err := w.value(p.elem, v.Index(i)); err != nil {
				return err
			}
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			if p.keyed && !keptText(it.Key()) {
				return errKeyText
			}
			if err := w.value(p.elem, it.Value()); err != nil {
				return err
			}
		}
	case reflect.Struct:
		for i := range p.fields {
			f, err := v.FieldByIndexErr(p.fields[i].index)
			if err != nil {
				continue // of an embedded pointer that is nil
			}
			if err := w.value(p.fields[i].plan, f); err != nil {
				return err
			}
		}
	}
	return nil
}

// dynamic looks at what an interface holds.
func (w *jsonWalker) dynamic(v reflect.Value) error {
	if v.IsNil() {
		return nil
	}
	v = v.Elem()
	p, err := jsonPlanOf(v.Type(), false)
	if err != nil {
		return err
	}
	if w.hops++; w.hops > maxJSONDepth {
		return tooLarge(whyJSONDepth)
	}
	err = w.value(p, v)
	w.hops--
	return err
}

// errWide: encoding/json makes a float64 of each number in an interface.
var errWide = &detail{ErrUnsupported, "an interface holds an integer that a floating-point number, which JSON makes of it, does not hold exactly"}

// exactly tells whether a float64 holds an integer.
func exactly(v reflect.Value) bool {
	const most = 1 << 53
	if v.CanInt() {
		n := v.Int()
		return n >= -most && n <= most || n != math.MaxInt64 && int64(float64(n)) == n
	}
	n := v.Uint()
	return n <= most || n < math.MaxUint64-1023 && uint64(float64(n)) == n
}

// errKeyText: encoding/json writes the string, and lets UnmarshalText read it.
var errKeyText = &detail{ErrUnsupported, "a key of a map has a text other than its string, which JSON would write"}

// keptText tells whether the text of a key is its string.
func keptText(key reflect.Value) bool {
	text, err := key.Interface().(encoding.TextMarshaler).MarshalText()
	return err == nil && string(text) == key.String()
}
