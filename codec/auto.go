package codec

import (
	"encoding"
	"reflect"
	"time"
)

// autoForm picks the form in the order that the package comment documents.
func autoForm(t reflect.Type) (*form, error) {
	if f, err := textual(t); f != nil || err != nil {
		return f, err
	}
	if t.Kind() != reflect.Pointer && t.Kind() != reflect.Interface {
		switch p := reflect.PointerTo(t); {
		case isMsgp(p):
			return msgpForm(t), checkNotPromoted(t, "msgpack", marshalMsg, unmarshalMsg)
		case isBinary(p):
			return binaryForm(t), checkNotPromoted(t, "msgpack", binaryWriter(t), unmarshalBinary)
		}
	}
	return msgpackForm(t)
}

// textForm picks the form for Text.
func textForm(t reflect.Type) (*form, error) {
	f, err := textual(t)
	if f == nil && err == nil {
		err = unsupported(t, "it has no text form; it needs MarshalText and UnmarshalText")
	}
	return f, err
}

// rawForm picks the form for Raw, which ignores methods.
func rawForm(t reflect.Type) (*form, error) {
	if f := textScalar(t); f == stringForm || f == bytesForm {
		return f, nil
	}
	return nil, unsupported(t, "Raw stores strings and byte slices only")
}

// textual returns the text form of t, or nil. Methods come before kinds: a named integer
// with MarshalText and UnmarshalText is stored as its text, and any other as a decimal.
func textual(t reflect.Type) (*form, error) {
	if t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface {
		return nil, nil
	}
	p := reflect.PointerTo(t)
	switch {
	case t == reflect.TypeFor[time.Time]():
		return timeForm, nil
	case isText(p):
		return textMethodsForm(t), checkNotPromoted(t, "msgpack", textWriter(t), unmarshalText)
	case isMsgp(p), isBinary(p):
		return nil, nil
	}
	return textScalar(t), nil
}

// isText and isBinary report whether a pointer type, whose method set includes methods of
// both receivers, has a complete pair of methods.
func isText(p reflect.Type) bool {
	return (p.Implements(reflect.TypeFor[encoding.TextMarshaler]()) || p.Implements(reflect.TypeFor[encoding.TextAppender]())) &&
		p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

func isBinary(p reflect.Type) bool {
	return (p.Implements(reflect.TypeFor[encoding.BinaryMarshaler]()) || p.Implements(reflect.TypeFor[encoding.BinaryAppender]())) &&
		p.Implements(reflect.TypeFor[encoding.BinaryUnmarshaler]())
}

// isMsgp reports whether a pointer type has the methods that msgp generates.
func isMsgp(p reflect.Type) bool {
	return p.Implements(reflect.TypeFor[msgpMarshaler]()) && p.Implements(reflect.TypeFor[msgpUnmarshaler]())
}

// textWriter and binaryWriter return the method that the forms call: the appending method
// if the type has one, unless it is promoted from an embedded type and the marshalling
// method is not.
func textWriter(t reflect.Type) method {
	return writerOf(t, reflect.TypeFor[encoding.TextAppender](), appendText, marshalText)
}

func binaryWriter(t reflect.Type) method {
	return writerOf(t, reflect.TypeFor[encoding.BinaryAppender](), appendBinary, marshalBinary)
}

func writerOf(t, appender reflect.Type, appends, marshals method) method {
	if !reflect.PointerTo(t).Implements(appender) {
		return marshals
	}
	_, given := appends.promotedFrom(t)
	_, also := marshals.promotedFrom(t)
	if _, has := marshals.find(t); has && given && !also {
		return marshals
	}
	return appends
}

// The methods that tinylib/msgp generates. Declared here to avoid a dependency.
type (
	msgpMarshaler interface {
		MarshalMsg(b []byte) ([]byte, error)
	}
	msgpUnmarshaler interface {
		UnmarshalMsg(b []byte) ([]byte, error)
	}
)
