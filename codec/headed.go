package codec

import (
	"reflect"

	"github.com/desir-go/desir/internal/headed"
)

const errHead refusal = "no header in front of the value"

// Headed resolves a codec for values of type T with a head in front: bytes of the
// caller that are signed, hidden and packed together with the value, by whatever
// layers the codec has. cut returns the length of the head that data begins with,
// and is given any bytes. It is for the packages of this module.
//
// It fails as [Values] does. To a codec that somebody else wrote the head is
// unknown: if that protects something, it is the value alone.
func Headed[T any](c Codec, cut func(data []byte) (length int, ok bool)) (Typed[headed.Of[T]], error) {
	c = orAuto(c)
	p, err := resolveHeaded[T](c, cut)
	if err != nil {
		return failing[headed.Of[T]](err), err
	}
	return public(nowhereBound(p), reflect.TypeFor[T]().String(), c.Name()), nil
}

// resolveHeaded is resolve that puts the head where the layers end.
func resolveHeaded[T any](c Codec, cut func([]byte) (int, bool)) (placed[headed.Of[T]], error) {
	if w, ok := c.(*wrapper); ok {
		inner, err := resolveHeaded[T](w.inner, cut)
		if err != nil {
			return inner, err
		}
		return wrapped(w.layer, inner), nil
	}
	value, err := resolve[T](c)
	if err != nil {
		return placed[headed.Of[T]]{}, err
	}
	return anywhere(typed[headed.Of[T]]{
		append: func(dst []byte, v headed.Of[T]) ([]byte, error) {
			return value.append(append(dst, v.Head...), v.Value)
		},
		decode: func(data []byte, room int) (v headed.Of[T], err error) {
			n, ok := cut(data)
			if !ok {
				return v, errHead
			}
			v.Head = string(data[:n])
			v.Value, err = value.decode(data[n:], room)
			return v, err
		},
		check: func(data []byte, room int) error {
			n, ok := cut(data)
			if !ok {
				return errHead
			}
			return value.check(data[n:], room)
		},
	}), nil
}
