package pack

import (
	"strings"
	"testing"

	"github.com/vmihailenco/msgpack/v5"
)

// TestAgainstLibrary encodes values of all sizes and decodes them with another
// implementation, and the other way round.
func TestAgainstLibrary(t *testing.T) {
	for _, n := range []uint64{0, 1, 127, 128, 255, 256, 65535, 65536, 1<<32 - 1, 1 << 32, 1<<64 - 1} {
		var got uint64
		if err := msgpack.Unmarshal(AppendUint(nil, n), &got); err != nil || got != n {
			t.Errorf("the library reads %d as %d, %v", n, got, err)
		}
		data, _ := msgpack.Marshal(n)
		if r := (Reader{Data: string(data)}); r.Uint() != n || r.Bad() || r.Len() > 0 {
			t.Errorf("cannot read the library's %d", n)
		}
	}
	for _, n := range []int64{-1, -32, -33, -128, -129, -32768, -32769, -1 << 31, -1<<31 - 1, -1 << 63} {
		var got int64
		if err := msgpack.Unmarshal(AppendNegative(nil, n), &got); err != nil || got != n {
			t.Errorf("the library reads %d as %d, %v", n, got, err)
		}
	}
	for _, n := range []int{0, 1, 31, 32, 255, 256, 65535, 65536, 70000} {
		s := strings.Repeat("x", n)
		var got string
		if err := msgpack.Unmarshal(AppendString(nil, s), &got); err != nil || got != s {
			t.Errorf("the library cannot read a string of %d bytes: %v", n, err)
		}
		var bin []byte
		if err := msgpack.Unmarshal(AppendBinary(nil, s), &bin); err != nil || string(bin) != s {
			t.Errorf("the library cannot read %d bytes: %v", n, err)
		}
		text, _ := msgpack.Marshal(s)
		if r := (Reader{Data: string(text)}); r.String() != s || r.Bad() || r.Len() > 0 {
			t.Errorf("cannot read the library's string of %d bytes", n)
		}
		bytes, _ := msgpack.Marshal([]byte(s))
		if r := (Reader{Data: string(bytes)}); r.Binary() != s || r.Bad() || r.Len() > 0 {
			t.Errorf("cannot read the library's %d bytes", n)
		}
	}
	for _, n := range []int{0, 1, 15, 16, 65535, 65536} {
		ones := AppendArray(nil, n)
		pairs := AppendMap(nil, n)
		for i := range n {
			ones = append(ones, 1)
			pairs = append(AppendUint(pairs, uint64(i)), 1)
		}
		var list []int
		if err := msgpack.Unmarshal(ones, &list); err != nil || len(list) != n {
			t.Errorf("the library reads %d values as %d, %v", n, len(list), err)
		}
		var table map[uint64]int
		if err := msgpack.Unmarshal(pairs, &table); err != nil || len(table) != n {
			t.Errorf("the library reads %d pairs as %d, %v", n, len(table), err)
		}
		if r := (Reader{Data: string(ones)}); r.Array() != n || r.Bad() {
			t.Errorf("cannot read the head of %d values", n)
		}
		if r := (Reader{Data: string(pairs)}); r.Map() != n || r.Bad() {
			t.Errorf("cannot read the head of %d pairs", n)
		}
	}
}

// TestBad decodes input that is cut off, of another kind, or announces more than there
// is.
func TestBad(t *testing.T) {
	reads := map[string]func(*Reader){
		"Uint":   func(r *Reader) { r.Uint() },
		"String": func(r *Reader) { _ = r.String() },
		"Binary": func(r *Reader) { r.Binary() },
		"Array":  func(r *Reader) { r.Array() },
		"Map":    func(r *Reader) { r.Map() },
	}
	for name, data := range map[string][]string{
		"Uint":   {"", "\xcd\x01", "\xff", "\xa1a", "\xd0\xff"},
		"String": {"", "\xa2a", "\xd9", "\xd9\x05abc", "\xdb\xff\xff\xff\xff", "\x01", "\xc4\x01a"},
		"Binary": {"", "\xc4", "\xc4\x02a", "\xc6\xff\xff\xff\xff", "\xa1a"},
		"Array":  {"", "\x92\x01", "\xdd\xff\xff\xff\xff", "\xdc\x00", "\x81\x01\x01"},
		"Map":    {"", "\x81\x01", "\xdf\xff\xff\xff\xff", "\xde\x00", "\x91\x01"},
	} {
		for _, d := range data {
			r := Reader{Data: d}
			if reads[name](&r); !r.Bad() {
				t.Errorf("%s of %x is not bad", name, d)
			}
			if reads["Uint"](&r); !r.Bad() || r.Len() > 0 {
				t.Errorf("%s of %x: it reads on", name, d)
			}
		}
	}
}

func TestNoAllocation(t *testing.T) {
	data := string(AppendBinary(AppendString(AppendUint(AppendArray(nil, 3), 300), "name"), "body"))
	n := testing.AllocsPerRun(100, func() {
		r := Reader{Data: data}
		r.Array()
		r.Uint()
		_ = r.String()
		r.Binary()
	})
	if n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestTokens reads the first form of every first byte, whole and cut off.
func TestTokens(t *testing.T) {
	tail := strings.Repeat("\x00", 7) + "\x02" + strings.Repeat("\x01", 40)
	for _, tt := range []struct {
		data string
		want Token
		size int
	}{
		{"\x7f", Token{Uint, 127}, 1},
		{"\xe0", Token{Int, 1<<64 - 32}, 1},
		{"\xc0", Token{Nil, 0}, 1},
		{"\xc2", Token{Bool, 0}, 1},
		{"\xc3", Token{Bool, 1}, 1},
		{"\xcc\xff", Token{Uint, 255}, 2},
		{"\xcd\x01\x00", Token{Uint, 256}, 3},
		{"\xce\x00\x01\x00\x00", Token{Uint, 65536}, 5},
		{"\xcf\xff\xff\xff\xff\xff\xff\xff\xff", Token{Uint, 1<<64 - 1}, 9},
		{"\xd0\x01", Token{Uint, 1}, 2},
		{"\xd0\xff", Token{Int, 1<<64 - 1}, 2},
		{"\xd1\x80\x00", Token{Int, 1<<64 - 1<<15}, 3},
		{"\xd2\x80\x00\x00\x00", Token{Int, 1<<64 - 1<<31}, 5},
		{"\xd3\x80\x00\x00\x00\x00\x00\x00\x00", Token{Int, 1 << 63}, 9},
		{"\xca\x3f\x80\x00\x00", Token{Float32, 0x3f800000}, 5},
		{"\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00", Token{Float64, 0x3ff << 52}, 9},
		{"\xa2ab", Token{String, 2}, 3},
		{"\xd9\x02ab", Token{String, 2}, 4},
		{"\xda\x00\x02ab", Token{String, 2}, 5},
		{"\xdb\x00\x00\x00\x02ab", Token{String, 2}, 7},
		{"\xc4\x02ab", Token{Binary, 2}, 4},
		{"\xc5\x00\x02ab", Token{Binary, 2}, 5},
		{"\xc6\x00\x00\x00\x02ab", Token{Binary, 2}, 7},
		{"\xd4\x05a", Token{Ext, 2}, 3},
		{"\xd5\x05ab", Token{Ext, 3}, 4},
		{"\xd6\x05abcd", Token{Ext, 5}, 6},
		{"\xd7\x05" + tail[:8], Token{Ext, 9}, 10},
		{"\xd8\x05" + tail[:16], Token{Ext, 17}, 18},
		{"\xc7\x02\x05ab", Token{Ext, 3}, 5},
		{"\xc8\x00\x02\x05ab", Token{Ext, 3}, 6},
		{"\xc9\x00\x00\x00\x02\x05ab", Token{Ext, 3}, 8},
		{"\x92", Token{Array, 2}, 1},
		{"\xdc\x00\x02", Token{Array, 2}, 3},
		{"\xdd\x00\x00\x00\x02", Token{Array, 2}, 5},
		{"\x82", Token{Map, 2}, 1},
		{"\xde\x00\x02", Token{Map, 2}, 3},
		{"\xdf\x00\x00\x00\x02", Token{Map, 2}, 5},
	} {
		r := Tokens{Data: []byte(tt.data + tail)}
		if got, err := r.Next(); got != tt.want || err != nil || r.Pos != tt.size {
			t.Errorf("%x: %v of %d bytes, %v; want %v of %d", tt.data, got, r.Pos, err, tt.want, tt.size)
		}
		for n := range len(tt.data) {
			r := Tokens{Data: []byte(tt.data[:n])}
			if got, err := r.Next(); err != ErrTruncated {
				t.Errorf("%x cut off: %v, %v; want %v", tt.data[:n], got, err, ErrTruncated)
			}
		}
		r = Tokens{Data: []byte(tt.data)}
		if got, err := r.Next(); (err != nil) != (tt.want.Class >= Array) || got != tt.want {
			t.Errorf("%x without elements: %v, %v", tt.data, got, err)
		}
	}
	r := Tokens{Data: []byte{0xc1}}
	if _, err := r.Next(); err != ErrCode {
		t.Errorf("c1: %v; want %v", err, ErrCode)
	}
}
