// Package headed describes values that are stored with a header in front, inside all
// layers of their codec: an encrypting codec encrypts the header with the value.
package headed

import "reflect"

// Of is a value of type T with its header.
type Of[T any] struct {
	Head  string
	Value T
}

func (*Of[T]) valueType() reflect.Type { return reflect.TypeFor[T]() }

// ValueType returns T if p is an *Of[T], and false otherwise. p may be nil.
func ValueType(p any) (reflect.Type, bool) {
	h, ok := p.(interface{ valueType() reflect.Type })
	if !ok {
		return nil, false
	}
	return h.valueType(), true
}

// Codec returns a codec for values of type Of[T], for any T. It stores the header as it
// is, and the value as c stores it. c and the returned value are a codec.Codec. cut
// returns the length of the header that data begins with, and must accept any bytes.
// Package codec sets Codec when it is initialized, because the layers of a codec are not
// public.
var Codec func(c any, cut func(data []byte) (length int, ok bool)) any
