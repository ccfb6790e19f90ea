package main

import (
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/vmihailenco/msgpack/v5"
	"github.com/vmihailenco/msgpack/v5/msgpcode"

	"github.com/desir-go/desir/codec"
)

// document is a decoded msgpack value whose Go type is not known: nil, bool, int64,
// uint64, float32, float64, string, []byte, time.Time, []any, mapping or extension.
// Unlike a value that package codec decodes into an interface, it keeps the order of
// keys and the exact type, so that it can be encoded again to the same bytes.
//
// It is stored with [codec.Msgpack], which checks the bytes before it calls
// DecodeMsgpack.
type document struct{ value any }

// mapping is a msgpack map in its stored order.
type mapping []pair

type pair struct{ key, value any }

// extension is a msgpack extension of an unknown type.
type extension struct {
	id   int8
	data []byte
}

// fromMsgpack decodes data if it is msgpack.
func fromMsgpack(data string) (any, bool) {
	var d document
	err := codec.Msgpack.Decode([]byte(data), &d)
	return d.value, err == nil
}

// toMsgpack encodes a document as msgpack.
func toMsgpack(v any) (string, error) {
	data, err := codec.Msgpack.Append(nil, document{v})
	return string(data), err
}

// DecodeMsgpack decodes one value.
func (d *document) DecodeMsgpack(dec *msgpack.Decoder) (err error) {
	d.value, err = readDocument(dec)
	return err
}

func readDocument(dec *msgpack.Decoder) (any, error) {
	code, err := dec.PeekCode()
	if err != nil {
		return nil, err
	}
	switch {
	case code == msgpcode.Nil:
		return nil, dec.DecodeNil()
	case code == msgpcode.False, code == msgpcode.True:
		return dec.DecodeBool()
	case code >= msgpcode.Uint8 && code <= msgpcode.Uint64:
		return dec.DecodeUint64()
	case msgpcode.IsFixedNum(code), code >= msgpcode.Int8 && code <= msgpcode.Int64:
		return dec.DecodeInt64()
	case code == msgpcode.Float:
		return dec.DecodeFloat32()
	case code == msgpcode.Double:
		return dec.DecodeFloat64()
	case msgpcode.IsString(code):
		return dec.DecodeString()
	case msgpcode.IsBin(code):
		return dec.DecodeBytes()
	case msgpcode.IsExt(code):
		return readExtension(dec)
	case msgpcode.IsFixedArray(code), code == msgpcode.Array16, code == msgpcode.Array32:
		return readArray(dec)
	}
	return readMapping(dec)
}

func readArray(dec *msgpack.Decoder) (any, error) {
	n, err := dec.DecodeArrayLen()
	if err != nil {
		return nil, err
	}
	all := []any{}
	for range n {
		v, err := readDocument(dec)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

func readMapping(dec *msgpack.Decoder) (any, error) {
	n, err := dec.DecodeMapLen()
	if err != nil {
		return nil, err
	}
	all := mapping{}
	for range n {
		key, err := readDocument(dec)
		if err != nil {
			return nil, err
		}
		value, err := readDocument(dec)
		if err != nil {
			return nil, err
		}
		all = append(all, pair{key, value})
	}
	return all, nil
}

// readExtension decodes an extension. A timestamp that can be encoded to the same bytes
// becomes a time.
func readExtension(dec *msgpack.Decoder) (any, error) {
	id, n, err := dec.DecodeExtHeader()
	if err != nil {
		return nil, err
	}
	data := make([]byte, n) // codec.Msgpack has checked n
	if err := dec.ReadFull(data); err != nil {
		return nil, err
	}
	e := extension{id, data}
	if t, ok := e.time(); ok {
		return t, nil
	}
	return e, nil
}

// timestamp is the extension type of timestamps.
const timestamp = -1

// time returns the time that e holds, if encoding it gives the bytes of e.
func (e extension) time() (time.Time, bool) {
	if e.id != timestamp {
		return time.Time{}, false
	}
	var t time.Time
	switch len(e.data) {
	case 4:
		t = time.Unix(int64(binary.BigEndian.Uint32(e.data)), 0)
	case 8:
		both := binary.BigEndian.Uint64(e.data)
		t = time.Unix(int64(both&(1<<34-1)), int64(both>>34))
	case 12:
		t = time.Unix(int64(binary.BigEndian.Uint64(e.data[4:])), int64(binary.BigEndian.Uint32(e.data)))
	}
	t = t.UTC()
	again, err := toMsgpack(t)
	return t, err == nil && t.Year() >= 0 && t.Year() <= 9999 && strings.HasSuffix(again, string(e.data)) && len(again) <= len(e.data)+3
}

// EncodeMsgpack encodes the value as package codec encodes a Go value of its type.
func (d document) EncodeMsgpack(enc *msgpack.Encoder) error { return writeDocument(enc, d.value) }

func writeDocument(enc *msgpack.Encoder, v any) error {
	switch v := v.(type) {
	case nil:
		return enc.EncodeNil()
	case bool:
		return enc.EncodeBool(v)
	case int64:
		return enc.EncodeInt(v)
	case uint64:
		return enc.EncodeUint(v)
	case float32:
		return enc.EncodeFloat32(v)
	case float64:
		return enc.EncodeFloat64(v)
	case string:
		return enc.EncodeString(v)
	case []byte:
		return enc.EncodeBytes(v)
	case time.Time:
		return enc.EncodeTime(v)
	case []any:
		if err := enc.EncodeArrayLen(len(v)); err != nil {
			return err
		}
		for _, e := range v {
			if err := writeDocument(enc, e); err != nil {
				return err
			}
		}
		return nil
	case mapping:
		if err := enc.EncodeMapLen(len(v)); err != nil {
			return err
		}
		for _, p := range v {
			if err := writeDocument(enc, p.key); err != nil {
				return err
			}
			if err := writeDocument(enc, p.value); err != nil {
				return err
			}
		}
		return nil
	case extension:
		if err := enc.EncodeExtHeader(v.id, len(v.data)); err != nil {
			return err
		}
		_, err := enc.Writer().Write(v.data)
		return err
	}
	return fmt.Errorf("a document cannot contain a %T", v)
}
