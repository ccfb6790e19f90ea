package codec

import (
	"reflect"
	"time"
)

// inUTC puts every time.Time below v into UTC, as the text form does. msgpack keeps
// instants without a zone, and the library reads them in the local zone of the
// machine. What stands in an interface, in an unexported field or in a type with
// marshalling methods of its own stays as the library or the type made it.
func (p *plan) inUTC(v reflect.Value) {
	switch p.shape {
	case timeShape:
		if v.CanAddr() && v.CanInterface() {
			t := v.Addr().Interface().(*time.Time)
			*t = t.UTC()
		}
	case pointerShape:
		if !v.IsNil() {
			p.elem.inUTC(v.Elem())
		}
	case sliceShape, arrayShape:
		if p.elem.dated() {
			for i := range v.Len() {
				p.elem.inUTC(v.Index(i))
			}
		}
	case mapShape:
		p.mapInUTC(v)
	case structShape:
		p.structInUTC(v)
	}
}

func (p *plan) mapInUTC(v reflect.Value) {
	if p.key.shape == timeShape {
		old := v.MapRange()
		fresh := reflect.MakeMapWithSize(v.Type(), v.Len())
		for old.Next() {
			fresh.SetMapIndex(reflect.ValueOf(old.Key().Interface().(time.Time).UTC()), old.Value())
		}
		if !v.IsNil() {
			v.Set(fresh)
		}
	}
	if !p.elem.dated() {
		return
	}
	for it := v.MapRange(); it.Next(); {
		elem := reflect.New(v.Type().Elem()).Elem()
		elem.Set(it.Value())
		p.elem.inUTC(elem)
		v.SetMapIndex(it.Key(), elem)
	}
}

func (p *plan) structInUTC(v reflect.Value) {
	for _, part := range p.parts {
		if part.plan.dated() {
			part.plan.inUTC(v.Field(part.index))
		}
	}
}

// dated tells whether it is worth looking for a time below p.
func (p *plan) dated() bool { return p.shape == timeShape || p.shape >= sliceShape }
