package pack

import "encoding/binary"

// Class is the kind of a value.
type Class uint8

// The classes of values. An integer that is not negative is of class Uint in every form.
const (
	Nil Class = iota
	Bool
	Int // negative; N is its two's complement
	Uint
	Float32
	Float64
	String
	Binary
	Ext
	Array
	Map
)

// Token is one msgpack header. The bytes of a string or an extension are read with it.
type Token struct {
	Class Class

	// N is the number, or its bits if it is a float; 1 for true; the length of a string
	// in bytes; the length of an extension with its type; or the number of elements or
	// pairs.
	N uint64
}

// Error is a reason why bytes are not msgpack. It quotes no input.
type Error string

func (e Error) Error() string { return string(e) }

// The errors of Tokens.Next.
const (
	ErrTruncated Error = "it ends too early, or states a length that it does not have"
	ErrCode      Error = "the byte 0xc1, which is not valid msgpack"
)

// Tokens reads msgpack one token at a time.
type Tokens struct {
	Data []byte
	Pos  int // the position of the next token
}

// Next reads a token. It fails if a length exceeds the remaining bytes; each element of a
// container needs at least one. If only elements are missing, it returns the token of the
// container with ErrTruncated.
func (r *Tokens) Next() (Token, error) {
	if r.Pos >= len(r.Data) {
		return Token{}, ErrTruncated
	}
	c := r.Data[r.Pos]
	r.Pos++
	switch {
	case c < 0x80:
		return Token{Uint, uint64(c)}, nil
	case c >= 0xe0:
		return Token{Int, uint64(int64(int8(c)))}, nil
	case c < 0x90:
		return r.container(Map, uint64(c&0x0f))
	case c < 0xa0:
		return r.container(Array, uint64(c&0x0f))
	case c < 0xc0:
		return r.bytes(String, uint64(c&0x1f))
	}
	switch c {
	case 0xc0:
		return Token{Class: Nil}, nil
	case 0xc1:
		return Token{}, ErrCode
	case 0xc2, 0xc3:
		return Token{Bool, uint64(c - 0xc2)}, nil
	case 0xd4, 0xd5, 0xd6, 0xd7, 0xd8:
		return r.bytes(Ext, 1+1<<(c-0xd4))
	}
	h, b := &numbered[c-0xc4], r.Data[r.Pos:]
	if len(b) < int(h.size) {
		return Token{}, ErrTruncated
	}
	r.Pos += int(h.size)
	var n uint64
	switch h.size {
	case 1:
		n = uint64(b[0])
	case 2:
		n = uint64(binary.BigEndian.Uint16(b))
	case 4:
		n = uint64(binary.BigEndian.Uint32(b))
	default:
		n = binary.BigEndian.Uint64(b)
	}
	switch h.class {
	case Int:
		unused := 64 - 8*h.size
		if i := int64(n<<unused) >> unused; i < 0 {
			return Token{Int, uint64(i)}, nil
		}
		return Token{Uint, n}, nil
	case String, Binary:
		return r.bytes(h.class, n)
	case Ext:
		return r.bytes(Ext, 1+n)
	case Array, Map:
		return r.container(h.class, n)
	}
	return Token{h.class, n}, nil
}

// numbered describes the first bytes from 0xc4 that a number follows: the class of the
// token, and the size of the number.
var numbered = [...]struct {
	class Class
	size  uint8
}{
	{Binary, 1},
	{Binary, 2},
	{Binary, 4},
	{Ext, 1},
	{Ext, 2},
	{Ext, 4},
	{Float32, 4},
	{Float64, 8},
	{Uint, 1},
	{Uint, 2},
	{Uint, 4},
	{Uint, 8},
	{Int, 1},
	{Int, 2},
	{Int, 4},
	{Int, 8},
	0xd9 - 0xc4: {String, 1},
	{String, 2},
	{String, 4},
	{Array, 2},
	{Array, 4},
	{Map, 2},
	{Map, 4},
}

func (r *Tokens) bytes(c Class, n uint64) (Token, error) {
	if n > uint64(len(r.Data)-r.Pos) {
		return Token{}, ErrTruncated
	}
	r.Pos += int(n)
	return Token{c, n}, nil
}

func (r *Tokens) container(c Class, n uint64) (Token, error) {
	least := n
	if c == Map {
		least = 2 * n
	}
	if least > uint64(len(r.Data)-r.Pos) {
		return Token{c, n}, ErrTruncated
	}
	return Token{c, n}, nil
}

// Skip skips the next bytes if they equal literal.
func (r *Tokens) Skip(literal string) bool {
	end := r.Pos + len(literal)
	if end > len(r.Data) || string(r.Data[r.Pos:end]) != literal {
		return false
	}
	r.Pos = end
	return true
}
