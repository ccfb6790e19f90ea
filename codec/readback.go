package codec

import (
	"encoding"
	"encoding/json"
	"reflect"
)

// The methods of some types cannot read what they write: uuid.NullUUID writes its zero
// value as null, and cannot read null. The codec tries this once per type, with the zero
// value. If it fails, every value of the type is read back when it is encoded, and
// refused if that fails. Methods that fail to write the zero value are not tried: nothing
// is stored then.
//
// Values that text and binary methods write are also read back if they can be compared;
// see [transparent]. They are refused if another value comes back: null.String writes an
// empty string and no string as the same text.

const (
	errUnreadable refusal = "its methods cannot read what they write for this value"
	errReadsOther refusal = "its methods read a different value from what they write for this one; codec.JSON, or a type without these methods, may preserve it"
)

// cannotReadZero reports whether the methods write the zero value and cannot read it.
func cannotReadZero(t reflect.Type, write func(v any) ([]byte, error), read func(v any, data []byte) error) bool {
	data, err := attempt(func() ([]byte, error) { return write(reflect.New(t).Interface()) })
	if err != nil {
		return false
	}
	_, err = readBack(t, data, read)
	return err != nil
}

// verifyReadBack returns why the methods cannot read data, which they wrote for the value
// that v points to. It returns nil if they can.
func verifyReadBack(v reflect.Value, data []byte, read func(v any, data []byte) error) error {
	t := v.Type().Elem()
	back, err := readBack(t, data, read)
	if err == nil && transparent(t) && !equalValues(v.Elem(), back) {
		return errReadsOther
	}
	return err
}

// readBack returns the value that the methods read from data.
func readBack(t reflect.Type, data []byte, read func(v any, data []byte) error) (reflect.Value, error) {
	v := reflect.New(t)
	if _, err := attempt(func() ([]byte, error) { return nil, read(v.Interface(), data) }); err != nil {
		return v.Elem(), errUnreadable
	}
	return v.Elem(), nil
}

func attempt(f func() ([]byte, error)) (_ []byte, err error) {
	defer catchPanic(&err)
	return f()
}

func writeText(v any) ([]byte, error)   { return v.(encoding.TextMarshaler).MarshalText() }
func readText(v any, data []byte) error { return v.(encoding.TextUnmarshaler).UnmarshalText(data) }
func addText(v any) ([]byte, error)     { return v.(encoding.TextAppender).AppendText(nil) }
func writeBinary(v any) ([]byte, error) { return v.(encoding.BinaryMarshaler).MarshalBinary() }
func readBinary(v any, data []byte) error {
	return v.(encoding.BinaryUnmarshaler).UnmarshalBinary(data)
}
func addBinary(v any) ([]byte, error)   { return v.(encoding.BinaryAppender).AppendBinary(nil) }
func toJSON(v any) ([]byte, error)      { return json.Marshal(v) }
func fromJSON(v any, data []byte) error { return json.Unmarshal(data, v) }
