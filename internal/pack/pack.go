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
	Data string // unread bytes; decoded strings share their memory
	bad  bool
}

// Bad reports whether decoding has failed.
func (r *Reader) Bad() bool { return r.bad }

// Fail makes the reader bad.
func (r *Reader) Fail() { r.bad, r.Data = true, "" }

// Len returns how many bytes are left.
func (r *Reader) Len() int { return len(r.Data) }

// Uint decodes an integer that is not negative.
func (r *Reader) Uint() uint64 {
	head := r.head()
	switch {
	case head < 0x80:
		return uint64(head)
	case head >= 0xcc && head <= 0xcf:
		return r.number(1 << (head - 0xcc))
	default:
		r.Fail()
		return 0
	}
}

// String decodes a string.
func (r *Reader) String() string {
	head := r.head()
	switch {
	case head >= 0xa0 && head < 0xc0:
		return r.take(uint64(head & 0x1f))
	case head >= 0xd9 && head <= 0xdb:
		return r.take(r.number(1 << (head - 0xd9)))
	default:
		r.Fail()
		return ""
	}
}

// Binary decodes a binary string.
func (r *Reader) Binary() string {
	head := r.head()
	if head < 0xc4 || head > 0xc6 {
		r.Fail()
		return ""
	}
	return r.take(r.number(1 << (head - 0xc4)))
}

// Array decodes the head of an array. The result is never greater than the number of
// bytes left.
func (r *Reader) Array() int { return r.container(0x90, 0xdc, 1) }

// Map decodes the head of a map. Each pair needs at least two bytes, so twice the result
// is never greater than the number of bytes left.
func (r *Reader) Map() int { return r.container(0x80, 0xde, 2) }

func (r *Reader) container(short, long byte, each uint64) int {
	head := r.head()
	var n uint64
	switch {
	case head&0xf0 == short:
		n = uint64(head & 0x0f)
	case head == long || head == long+1:
		n = r.number(2 << (head - long))
	default:
		r.Fail()
	}
	if n*each > uint64(len(r.Data)) {
		r.Fail()
		return 0
	}
	return int(n)
}

// head returns the first byte of a value; at the end it returns an invalid one.
func (r *Reader) head() byte {
	if len(r.Data) == 0 {
		r.Fail()
		return 0xc1
	}
	c := r.Data[0]
	r.Data = r.Data[1:]
	return c
}

func (r *Reader) number(size int) (n uint64) {
	for _, c := range []byte(r.take(uint64(size))) {
		n = n<<8 | uint64(c)
	}
	return n
}

func (r *Reader) take(n uint64) string {
	if n > uint64(len(r.Data)) {
		r.Fail()
		return ""
	}
	s := r.Data[:n]
	r.Data = r.Data[n:]
	return s
}
