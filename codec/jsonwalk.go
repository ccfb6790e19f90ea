package codec

import "reflect"

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
		return nil
	}
	if w.depth++; w.depth > maxJSONDepth {
		return tooLarge(whyJSONDepth)
	}
	defer func() { w.depth-- }()
	switch p.kind {
	case reflect.Slice, reflect.Array:
		if p.elem.kind == reflect.Invalid && !p.elem.free {
			return nil
		}
		for i := range v.Len() {
			if err := w.value(p.elem, v.Index(i)); err != nil {
				return err
			}
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
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
	p, err := jsonPlanOf(v.Type())
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
