package codec

import (
	"encoding/binary"
	"math"

	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

// The reasons for refusing msgpack bytes.
const (
	errTruncated  refusal = "it ends too early, or states a length that it does not have"
	errTrailing   refusal = "extra bytes after the value"
	errCode       refusal = "the byte 0xc1, which is not valid msgpack"
	errName       refusal = "a field name that is not text"
	errElements   refusal = "more elements than the array has"
	errFieldCount refusal = "a different number of fields than the struct has"
	errNarrow     refusal = "a floating-point number that float32 does not hold exactly"
	errInexact    refusal = "an integer that a floating-point number does not hold exactly"
)

type class uint8

const (
	nilClass class = iota
	boolClass
	intClass // negative: n is its two's complement
	uintClass
	float32Class
	float64Class
	stringClass // str and bin
	extClass
	arrayClass
	mapClass
	anyClass // not the class of a token: stands for all classes
)

// token is one msgpack header. The bytes of a string or an extension are skipped with it.
type token struct {
	class class
	n     uint64 // the number, the length in bytes, or the number of elements or pairs
}

// reader reads msgpack one token at a time. It refuses a length that exceeds the
// remaining bytes.
type reader struct {
	data []byte
	pos  int
}

func (r *reader) next() (token, error) {
	if r.pos >= len(r.data) {
		return token{}, errTruncated
	}
	c := r.data[r.pos]
	r.pos++
	switch {
	case c <= msgpcode.PosFixedNumHigh:
		return token{uintClass, uint64(c)}, nil
	case c >= msgpcode.NegFixedNumLow:
		return token{intClass, uint64(int64(int8(c)))}, nil
	case c <= msgpcode.FixedMapHigh:
		return r.nextContainer(mapClass, uint64(c&msgpcode.FixedMapMask))
	case c <= msgpcode.FixedArrayHigh:
		return r.nextContainer(arrayClass, uint64(c&msgpcode.FixedArrayMask))
	case c <= msgpcode.FixedStrHigh:
		return r.skipBytes(stringClass, uint64(c&msgpcode.FixedStrMask))
	}
	return r.nextLong(c)
}

func (r *reader) nextLong(c byte) (token, error) {
	switch c {
	case msgpcode.Nil:
		return token{class: nilClass}, nil
	case msgpcode.False, msgpcode.True:
		return token{class: boolClass}, nil
	case msgpcode.Uint8, msgpcode.Uint16, msgpcode.Uint32, msgpcode.Uint64:
		n, err := r.readUint(1 << (c - msgpcode.Uint8))
		return token{uintClass, n}, err
	case msgpcode.Int8, msgpcode.Int16, msgpcode.Int32, msgpcode.Int64:
		return r.nextInt(1 << (c - msgpcode.Int8))
	case msgpcode.Float:
		n, err := r.readUint(4)
		return token{float32Class, n}, err
	case msgpcode.Double:
		n, err := r.readUint(8)
		return token{float64Class, n}, err
	case msgpcode.Str8, msgpcode.Str16, msgpcode.Str32:
		return r.nextSized(stringClass, 1<<(c-msgpcode.Str8), 0)
	case msgpcode.Bin8, msgpcode.Bin16, msgpcode.Bin32:
		return r.nextSized(stringClass, 1<<(c-msgpcode.Bin8), 0)
	case msgpcode.Ext8, msgpcode.Ext16, msgpcode.Ext32:
		return r.nextSized(extClass, 1<<(c-msgpcode.Ext8), 1)
	case msgpcode.FixExt1, msgpcode.FixExt2, msgpcode.FixExt4, msgpcode.FixExt8, msgpcode.FixExt16:
		return r.skipBytes(extClass, 1+1<<(c-msgpcode.FixExt1))
	case msgpcode.Array16, msgpcode.Array32:
		n, err := r.readUint(2 << (c - msgpcode.Array16))
		if err != nil {
			return token{}, err
		}
		return r.nextContainer(arrayClass, n)
	case msgpcode.Map16, msgpcode.Map32:
		n, err := r.readUint(2 << (c - msgpcode.Map16))
		if err != nil {
			return token{}, err
		}
		return r.nextContainer(mapClass, n)
	}
	return token{}, errCode
}

// readUint reads size bytes, big endian.
func (r *reader) readUint(size int) (uint64, error) {
	if len(r.data)-r.pos < size {
		return 0, errTruncated
	}
	b := r.data[r.pos:]
	r.pos += size
	switch size {
	case 1:
		return uint64(b[0]), nil
	case 2:
		return uint64(binary.BigEndian.Uint16(b)), nil
	case 4:
		return uint64(binary.BigEndian.Uint32(b)), nil
	}
	return binary.BigEndian.Uint64(b), nil
}

func (r *reader) nextInt(size int) (token, error) {
	n, err := r.readUint(size)
	unused := 64 - 8*size
	if i := int64(n<<unused) >> unused; i < 0 {
		return token{intClass, uint64(i)}, err
	}
	return token{uintClass, n}, err
}

// nextHeader is next for bytes that may be incomplete: the elements of a container may be
// missing.
func (r *reader) nextHeader() (token, bool) {
	if r.pos >= len(r.data) {
		return token{}, false
	}
	c := r.data[r.pos]
	switch {
	case c >= msgpcode.FixedMapLow && c <= msgpcode.FixedMapHigh:
		r.pos++
		return token{mapClass, uint64(c & msgpcode.FixedMapMask)}, true
	case c >= msgpcode.FixedArrayLow && c <= msgpcode.FixedArrayHigh:
		r.pos++
		return token{arrayClass, uint64(c & msgpcode.FixedArrayMask)}, true
	case c >= msgpcode.Array16 && c <= msgpcode.Map32:
		r.pos++
		n, err := r.readUint(2 << ((c - msgpcode.Array16) & 1))
		if c >= msgpcode.Map16 {
			return token{mapClass, n}, err == nil
		}
		return token{arrayClass, n}, err == nil
	}
	t, err := r.next()
	return t, err == nil
}

func (r *reader) nextSized(c class, size int, extra uint64) (token, error) {
	n, err := r.readUint(size)
	if err != nil {
		return token{}, err
	}
	return r.skipBytes(c, n+extra)
}

func (r *reader) skipBytes(c class, n uint64) (token, error) {
	if n > uint64(len(r.data)-r.pos) {
		return token{}, errTruncated
	}
	r.pos += int(n)
	return token{c, n}, nil
}

// skipLiteral skips the next bytes if they equal stored.
func (r *reader) skipLiteral(stored string) bool {
	end := r.pos + len(stored)
	if end > len(r.data) || string(r.data[r.pos:end]) != stored {
		return false
	}
	r.pos = end
	return true
}

// nextContainer returns a token of n elements if the remaining bytes have at least one
// for each.
func (r *reader) nextContainer(c class, n uint64) (token, error) {
	least := n
	if c == mapClass {
		least = 2 * n
	}
	if least > uint64(len(r.data)-r.pos) {
		return token{}, errTruncated
	}
	return token{c, n}, nil
}

// exactAsFloat reports whether a float of this size holds the integer of the token
// exactly.
func (t token) exactAsFloat(bits int) bool {
	mantissa := uint64(1) << 53
	if bits == 32 {
		mantissa = 1 << 24
	}
	switch {
	case t.class == intClass:
		return -t.n <= mantissa
	case t.n > math.MaxInt64:
		return false // the library would decode it as negative
	}
	return t.n <= mantissa
}
