// Package pack encodes and decodes the parts of msgpack that frames consist of: integers,
// strings, binary strings, and the heads of arrays and maps.
//
// The format is https://github.com/msgpack/msgpack/blob/master/spec.md. Encoding uses the
// shortest form; decoding accepts any form. Neither allocates, except to grow the
// destination.
package pack

import (
	"encoding/binary"
	"math"
	"unsafe"
)

// AppendUint appends an unsigned integer.
func AppendUint(b []byte, n uint64) []byte {
	switch {
	case n < 0x80:
		return append(b, byte(n))
	case n <= math.MaxUint8:
		return append(b, 0xcc, byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(b, 0xcd), uint16(n))
	case n <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(b, 0xce), uint32(n))
	default:
		return binary.BigEndian.AppendUint64(append(b, 0xcf), n)
	}
}

// AppendNegative appends a negative integer.
func AppendNegative(b []byte, n int64) []byte {
	switch {
	case n >= -32:
		return append(b, byte(n))
	case n >= math.MinInt8:
		return append(b, 0xd0, byte(n))
	case n >= math.MinInt16:
		return binary.BigEndian.AppendUint16(append(b, 0xd1), uint16(n))
	case n >= math.MinInt32:
		return binary.BigEndian.AppendUint32(append(b, 0xd2), uint32(n))
	default:
		return binary.BigEndian.AppendUint64(append(b, 0xd3), uint64(n))
	}
}

// AppendString appends a string of less than 4 GiB.
func AppendString(b []byte, s string) []byte {
	switch n := len(s); {
	case n < 32:
		b = append(b, 0xa0|byte(n))
	case n <= math.MaxUint8:
		b = append(b, 0xd9, byte(n))
	case n <= math.MaxUint16:
		b = binary.BigEndian.AppendUint16(append(b, 0xda), uint16(n))
	default:
		b = binary.BigEndian.AppendUint32(append(b, 0xdb), uint32(n))
	}
	return append(b, s...)
}

// AppendBinary appends a binary string of less than 4 GiB.
func AppendBinary(b []byte, s string) []byte {
	switch n := len(s); {
	case n <= math.MaxUint8:
		b = append(b, 0xc4, byte(n))
	case n <= math.MaxUint16:
		b = binary.BigEndian.AppendUint16(append(b, 0xc5), uint16(n))
	default:
		b = binary.BigEndian.AppendUint32(append(b, 0xc6), uint32(n))
	}
	return append(b, s...)
}

// AppendArray appends the head of an array of n values.
func AppendArray(b []byte, n int) []byte { return appendHead(b, n, 0x90, 0xdc) }

// AppendMap appends the head of a map of n pairs.
func AppendMap(b []byte, n int) []byte { return appendHead(b, n, 0x80, 0xde) }

func appendHead(b []byte, n int, short, long byte) []byte {
	switch {
	case n < 16:
		return append(b, short|byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(b, long), uint16(n))
	default:
		return binary.BigEndian.AppendUint32(append(b, long+1), uint32(n))
	}
}

// Reader decodes values one after the other. A missing value, or one of another kind,
// makes the reader bad. A bad reader returns only zero values.
type Reader struct {
	Data string // decoded strings share its memory
	pos  int
	bad  bool
}

// Bad reports whether decoding has failed.
func (r *Reader) Bad() bool { return r.bad }

// Fail makes the reader bad.
func (r *Reader) Fail() { r.bad, r.pos = true, len(r.Data) }

// Len returns how many bytes are left.
func (r *Reader) Len() int { return len(r.Data) - r.pos }

// Uint decodes an integer that is not negative.
func (r *Reader) Uint() uint64 {
	n, _ := r.next(Uint)
	return n
}

// String decodes a string.
func (r *Reader) String() string {
	_, s := r.next(String)
	return s
}

// Binary decodes a binary string.
func (r *Reader) Binary() string {
	_, s := r.next(Binary)
	return s
}

// Array decodes the head of an array. The result is never greater than the number of
// bytes left.
func (r *Reader) Array() int {
	n, _ := r.next(Array)
	return int(n)
}

// Map decodes the head of a map. Each pair needs at least two bytes, so twice the result
// is never greater than the number of bytes left.
func (r *Reader) Map() int {
	n, _ := r.next(Map)
	return int(n)
}

// next decodes a token of a class, and returns its number and, of a string, its bytes.
func (r *Reader) next(c Class) (n uint64, s string) {
	from := Tokens{unsafe.Slice(unsafe.StringData(r.Data), len(r.Data)), r.pos}
	t, err := from.Next()
	if err != nil || t.Class != c {
		r.Fail()
		return 0, ""
	}
	r.pos = from.Pos
	if c == String || c == Binary {
		s = r.Data[r.pos-int(t.N) : r.pos]
	}
	return t.N, s
}
