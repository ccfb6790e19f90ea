package codec

import (
	"math"
	"reflect"
	"time"
)

// normalize converts a value that the library decoded to the documented form. Every
// time.Time becomes UTC, as in the text form; the library decodes times in the local
// zone. In an interface, every integer becomes an int64, or a uint64 if it is larger, and
// every float a float64. Floats in keys of maps stay, because two of them may be the same
// number. normalize does not change unexported fields and types with marshalling methods.
func (p *plan) normalize(v reflect.Value, key bool) {
	switch p.shape {
	case timeShape:
		if v.CanAddr() && v.CanInterface() {
			t := v.Addr().Interface().(*time.Time)
			*t = t.UTC()
		}
	case anyShape:
		if !v.IsNil() && v.CanSet() {
			v.Set(reflect.ValueOf(normalized(v.Interface(), key)))
		}
	case pointerShape:
		if !v.IsNil() {
			p.elem.normalize(v.Elem(), key)
		}
	case sliceShape, arrayShape:
		if p.elem.mayNormalize() {
			for i := range v.Len() {
				p.elem.normalize(v.Index(i), key)
			}
		}
	case mapShape:
		p.normalizeMap(v, key)
	case structShape:
		p.normalizeStruct(v, key)
	}
}

func (p *plan) normalizeMap(v reflect.Value, key bool) {
	if p.key.mayNormalize() {
		old := v.MapRange()
		fresh := reflect.MakeMapWithSize(v.Type(), v.Len())
		for old.Next() {
			k := reflect.New(v.Type().Key()).Elem()
			k.Set(old.Key())
			p.key.normalize(k, true)
			fresh.SetMapIndex(k, old.Value())
		}
		if !v.IsNil() {
			v.Set(fresh)
		}
	}
	if !p.elem.mayNormalize() {
		return
	}
	for it := v.MapRange(); it.Next(); {
		elem := reflect.New(v.Type().Elem()).Elem()
		elem.Set(it.Value())
		p.elem.normalize(elem, key)
		v.SetMapIndex(it.Key(), elem)
	}
}

func (p *plan) normalizeStruct(v reflect.Value, key bool) {
	for _, part := range p.parts {
		if part.plan.mayNormalize() {
			part.plan.normalize(v.Field(part.index), key)
		}
	}
}

// mayNormalize reports whether normalize may change values of p.
func (p *plan) mayNormalize() bool {
	return p.shape == timeShape || p.shape == anyShape || p.shape >= sliceShape
}

// normalized is normalize for the value in an interface.
func normalized(v any, key bool) any {
	switch v := v.(type) {
	case int8:
		return int64(v)
	case int16:
		return int64(v)
	case int32:
		return int64(v)
	case uint8:
		return int64(v)
	case uint16:
		return int64(v)
	case uint32:
		return int64(v)
	case uint64:
		if v <= math.MaxInt64 {
			return int64(v)
		}
	case float32:
		if !key {
			return float64(v)
		}
	case time.Time:
		return v.UTC()
	case []any:
		for i := range v {
			v[i] = normalized(v[i], key)
		}
	case map[string]any:
		for k, elem := range v {
			v[k] = normalized(elem, key)
		}
	}
	return v
}
