package codec

import (
	"encoding"
	"encoding/json"
	"reflect"
)

// Methods that do not read what they write are found at the zero value, once for a type:
// uuid.NullUUID writes it as null, and reads no null. What such methods write is read again
// each time, and refused if that fails. Methods that refuse to write the zero value, or
// cannot, are not doubted: what they refuse is not stored.

const errUnread refusal = "its own methods do not read what they write of this value"

// doubtful tells whether the zero value of a type is written and cannot be read.
func doubtful(t reflect.Type, write func(v any) ([]byte, error), read func(v any, data []byte) error) bool {
	data, err := attempt(func() ([]byte, error) { return write(reflect.New(t).Interface()) })
	return err == nil && unread(t, data, read) != nil
}

// unread tells why methods do not read what they wrote.
func unread(t reflect.Type, data []byte, read func(v any, data []byte) error) error {
	_, err := attempt(func() ([]byte, error) { return nil, read(reflect.New(t).Interface(), data) })
	if err != nil {
		return errUnread
	}
	return nil
}

func attempt(f func() ([]byte, error)) (_ []byte, err error) {
	defer caught(&err)
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
