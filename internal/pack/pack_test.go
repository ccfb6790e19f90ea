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
		"Uint":   {"", "\xcd\x01", "\xff", "\xa1a", "\xd0\x01"},
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
