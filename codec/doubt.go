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
//
// What text and binary methods write of a type that can be compared from outside is read
// again each time as well, and refused if another value comes back: a null.String writes an
// empty text and no text alike. See [visible].

const (
	errUnread  refusal = "its own methods do not read what they write of this value"
	errAnother refusal = "its own methods read another value from what they write of this one; codec.JSON, or a type without these methods, may keep it"
)

// doubtful tells whether the zero value of a type is written and cannot be read.
func doubtful(t reflect.Type, write func(v any) ([]byte, error), read func(v any, data []byte) error) bool {
	data, err := attempt(func() ([]byte, error) { return write(reflect.New(t).Interface()) })
	if err != nil {
		return false
	}
	_, err = reread(t, data, read)
	return err != nil
}

// unread tells why methods do not read what they wrote of the value that v points at.
func unread(v reflect.Value, data []byte, read func(v any, data []byte) error) error {
	t := v.Type().Elem()
	back, err := reread(t, data, read)
	if err == nil && visible(t) && !alike(v.Elem(), back) {
		return errAnother
	}
	return err
}

// reread returns what methods read.
func reread(t reflect.Type, data []byte, read func(v any, data []byte) error) (reflect.Value, error) {
	v := reflect.New(t)
	if _, err := attempt(func() ([]byte, error) { return nil, read(v.Interface(), data) }); err != nil {
		return v.Elem(), errUnread
	}
	return v.Elem(), nil
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
