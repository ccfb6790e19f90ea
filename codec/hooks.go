package codec

import (
	"encoding"
	"reflect"
	"time"

	"github.com/vmihailenco/msgpack/v5"
)

// hook is the pair of methods of a type that msgpack calls, instead of encoding its
// fields.
type hook uint8

const (
	noHook      hook = iota
	customHook       // EncodeMsgpack, DecodeMsgpack: any number of values, usually one
	marshalHook      // MarshalMsgpack, UnmarshalMsgpack: one value
	binaryHook       // MarshalBinary, UnmarshalBinary, inside a byte string
	textHook         // MarshalText, UnmarshalText, inside a byte string
	timeHook         // time.Time: an extension
	mixedHooks       // written by one pair of methods, and read by another
)

// hookOf returns the hook of t. Like the library, it looks at the methods of the type
// first, and then at those of a pointer to it.
func hookOf(t reflect.Type) hook {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return timeHook
	case t.Kind() == reflect.Pointer, t.Kind() == reflect.Interface:
		return noHook
	}
	enc, dec := hookAmong(t, encoders), hookAmong(t, decoders)
	if enc != dec {
		return mixedHooks
	}
	return enc
}

func hookAmong(t reflect.Type, of [5]reflect.Type) hook {
	if h := firstHook(t, of); h != noHook {
		return h
	}
	return firstHook(reflect.PointerTo(t), of)
}

var encoders = [...]reflect.Type{
	customHook:  reflect.TypeFor[msgpack.CustomEncoder](),
	marshalHook: reflect.TypeFor[msgpack.Marshaler](),
	binaryHook:  reflect.TypeFor[encoding.BinaryMarshaler](),
	textHook:    reflect.TypeFor[encoding.TextMarshaler](),
}

var decoders = [...]reflect.Type{
	customHook:  reflect.TypeFor[msgpack.CustomDecoder](),
	marshalHook: reflect.TypeFor[msgpack.Unmarshaler](),
	binaryHook:  reflect.TypeFor[encoding.BinaryUnmarshaler](),
	textHook:    reflect.TypeFor[encoding.TextUnmarshaler](),
}

func firstHook(t reflect.Type, of [5]reflect.Type) hook {
	for h := customHook; h <= textHook; h++ {
		if t.Implements(of[h]) {
			return h
		}
	}
	return noHook
}
