// Package headed describes values that are stored with a header in front, inside all
// layers of their codec: an encrypting codec encrypts the header with the value.
package headed

import "reflect"

// Value is a value of type T with its header.
type Value[T any] struct {
	Header string
	Value  T
}

func (*Value[T]) valueType() reflect.Type { return reflect.TypeFor[T]() }

// ValueType returns T if p is a *Value[T], and false otherwise. p may be nil.
func ValueType(p any) (reflect.Type, bool) {
	v, ok := p.(interface{ valueType() reflect.Type })
	if !ok {
		return nil, false
	}
	return v.valueType(), true
}

// Codec returns a codec for values of type Value[T], for any T. It stores the header as it
// is, and the value as c stores it. c and the returned value are a codec.Codec. headerLen
// returns the length of the header that data begins with, and must accept any bytes.
// Package codec sets Codec when it is initialized, because the layers of a codec are not
// public.
var Codec func(c any, headerLen func(data []byte) (n int, ok bool)) any
