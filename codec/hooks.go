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
	noHook     hook = iota
	ownCode         // EncodeMsgpack, DecodeMsgpack: any number of values, usually one
	ownValue        // MarshalMsgpack, UnmarshalMsgpack: one value
	ownBinary       // MarshalBinary, UnmarshalBinary, inside a byte string
	ownText         // MarshalText, UnmarshalText, inside a byte string
	timeHook        // time.Time: an extension
	mixedHooks      // written by one pair of methods, and read by another
)

// hooks returns the hook of t. Like the library, it looks at the methods of the type
// first, and then at those of a pointer to it.
func hooks(t reflect.Type) hook {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return timeHook
	case t.Kind() == reflect.Pointer, t.Kind() == reflect.Interface:
		return noHook
	}
	enc, dec := hookOf(t, encoders), hookOf(t, decoders)
	if enc != dec {
		return mixedHooks
	}
	return enc
}

func hookOf(t reflect.Type, of [5]reflect.Type) hook {
	if h := firstOf(t, of); h != noHook {
		return h
	}
	return firstOf(reflect.PointerTo(t), of)
}

var encoders = [...]reflect.Type{
	ownCode:   reflect.TypeFor[msgpack.CustomEncoder](),
	ownValue:  reflect.TypeFor[msgpack.Marshaler](),
	ownBinary: reflect.TypeFor[encoding.BinaryMarshaler](),
	ownText:   reflect.TypeFor[encoding.TextMarshaler](),
}

var decoders = [...]reflect.Type{
	ownCode:   reflect.TypeFor[msgpack.CustomDecoder](),
	ownValue:  reflect.TypeFor[msgpack.Unmarshaler](),
	ownBinary: reflect.TypeFor[encoding.BinaryUnmarshaler](),
	ownText:   reflect.TypeFor[encoding.TextUnmarshaler](),
}

func firstOf(t reflect.Type, of [5]reflect.Type) hook {
	for h := ownCode; h <= ownText; h++ {
		if t.Implements(of[h]) {
			return h
		}
	}
	return noHook
}
