package codec

import (
	"encoding/json"
	"reflect"
	"unicode/utf8"
)

// jsonWalker checks a value before encoding/json writes it. encoding/json has no limit of
// nesting, so a value that is nested too deeply would overflow the stack. The walker also
// checks that values in interfaces can be stored.
type jsonWalker struct {
	depth     int
	hops      int  // interfaces around the current value
	checkUTF8 bool // refuse text that is not UTF-8
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
	if p.isInterface {
		return w.dynamic(v)
	}
	if p.kind == reflect.Invalid {
		if p.is64Bit && w.hops > 0 && !exactAsFloat(v) {
			return errWide
		}
		if p.isString && w.checkUTF8 && !utf8.ValidString(v.String()) {
			return errUTF8
		}
		return nil
	}
	if w.depth++; w.depth > maxJSONDepth {
		return tooLarge(whyJSONDepth)
	}
	defer func() { w.depth-- }()
	switch p.kind {
	case reflect.Slice, reflect.Array:
		if p.elem.kind == reflect.Invalid && !p.elem.isInterface && !w.checkUTF8 && (!p.elem.is64Bit || w.hops == 0) {
			return nil
		}
		for i := range v.Len() {
			if err := w.value(p.elem, v.Index(i)); err != nil {
				return err
			}
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			if p.checkKeys && !keyRoundTrips(it.Key()) {
				return errKeyText
			}
			if w.checkUTF8 && it.Key().Kind() == reflect.String && !utf8.ValidString(it.Key().String()) {
				return errUTF8
			}
			if err := w.value(p.elem, it.Value()); err != nil {
				return err
			}
		}
	case reflect.Struct:
		for i := range p.fields {
			f, err := v.FieldByIndexErr(p.fields[i].index)
			if err != nil {
				continue // its embedded pointer is nil
			}
			if err := w.value(p.fields[i].plan, f); err != nil {
				return err
			}
		}
	}
	return nil
}

// dynamic checks the value in an interface.
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
	if err == nil && p.verify {
		if data, err := json.Marshal(v.Interface()); err == nil {
			_, err := readBack(v.Type(), data, fromJSON)
			return err
		}
	}
	return err
}

const errWide refusal = "an interface holds an integer beyond 2^53, which JSON would decode as a floating-point number"

func exactAsFloat(v reflect.Value) bool {
	const most = 1 << 53
	if v.CanInt() {
		return v.Int() >= -most && v.Int() <= most
	}
	return v.Uint() <= most
}

const errUTF8 refusal = "text that is not UTF-8, which JSON cannot represent"

// checkUTF8 refuses text that is not UTF-8, which encoding/json would change.
func (p *jsonPlan) checkUTF8(v reflect.Value) error {
	w := jsonWalker{checkUTF8: true}
	return w.value(p, v)
}
