package codec

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"math"
	"math/big"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write testdata again: only for forms that were never released")

// golden is a value whose stored bytes are compared with a file, in both directions.
type golden struct {
	name string
	kind string // of the Go type
	put  func(Codec) ([]byte, error)
	get  func(Codec, []byte) error
}

// stored returns a golden value. Its untyped form must have the same bytes.
func stored[T any](name string, v T) golden {
	return golden{
		name, reflect.TypeFor[T]().String(),
		func(c Codec) ([]byte, error) {
			typed, err := Values[T](c)
			if err != nil {
				return nil, err
			}
			out, err := typed.Append(nil, v)
			if err != nil {
				return nil, err
			}
			if reflect.TypeFor[T]().Kind() != reflect.Interface && !strings.Contains(c.Name(), "encrypt") {
				if loose, err := c.Append(nil, v); err != nil || !bytes.Equal(loose, out) {
					return nil, fmt.Errorf("untyped Append = %q, %v; typed %q", loose, err, out)
				}
			}
			return out, nil
		},
		func(c Codec, data []byte) error {
			typed, err := Values[T](c)
			if err != nil {
				return err
			}
			var loose T
			back, err := typed.Decode(data)
			if err != nil {
				return err
			}
			if err := c.Decode(data, &loose); err != nil {
				return fmt.Errorf("untyped: %w", err)
			}
			if !same(back, v) || !same(loose, v) {
				return fmt.Errorf("decoded %+v and untyped %+v; want %+v", back, loose, v)
			}
			return nil
		},
	}
}

func kinds() []golden {
	return []golden{
		stored("string", "καλημέρα"), stored("string empty", ""), stored("string named", userID("ada")),
		stored("bytes", []byte{0, 0xff, 'x'}), stored("bytes empty", []byte{}),
		stored("bool", true), stored("bool false", false),
		stored("int", -42), stored("int8", int8(math.MinInt8)), stored("int16", int16(math.MaxInt16)),
		stored("int32", int32(math.MinInt32)), stored("int64", int64(math.MinInt64)), stored("int64 max", int64(math.MaxInt64)),
		stored("uint", uint(42)), stored("uint8", uint8(255)), stored("uint16", uint16(65535)),
		stored("uint32", uint32(math.MaxUint32)), stored("uint64", uint64(math.MaxUint64)),
		stored("duration", 90*time.Second),
		stored("float64", 0.1), stored("float64 whole", 1e6), stored("float64 huge", 1e300), stored("float64 tiny", 5e-324),
		stored("float64 negative zero", math.Copysign(0, -1)), stored("float32", float32(0.1)),
	}
}

func infinities() []golden {
	return []golden{stored("float64 inf", math.Inf(1)), stored("float64 -inf", math.Inf(-1))}
}

func texts() []golden {
	return []golden{
		stored("time", time.Date(2024, 2, 29, 12, 30, 0, 120_000_000, time.UTC)),
		stored("time whole", time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)),
		stored("int with text", level(7)), stored("uuid with text and binary", uuid{1, 15: 2}),
		stored("methods on the pointer", shy{"hush"}), stored("netip.Addr", netip.MustParseAddr("2001:db8::1")),
		stored("big.Int", *big77),
	}
}

func others() []golden {
	return []golden{
		stored("msgp before binary", generated{5}), stored("binary", point{1, 513}), stored("url.URL", *mustURL("https://ada@example.com/a%20b?q=1#f")),
	}
}

func packed() []golden {
	return []golden{
		stored("nil pointer", (*int)(nil)), stored("pointer", ptr(300)), stored("pointer to text", ptr(level(7))),
		stored("*url.URL", mustURL("https://example.com/")), stored("*big.Int", big77), stored("*big.Int nil", (*big.Int)(nil)),
		stored("struct", sampleOrder()), stored("struct named fields", named{ID: 1, Note: "x"}), stored("struct omitempty", named{ID: 1}),
		stored("struct as array", row{A: 1, B: "r"}), stored("struct promoted", promoted{base1{1, 2}, 3}),
		stored("struct shadowed", shadowed{1, base1{2, 3}}), stored("struct apart", apart{base1{1, 2}, 3}),
		stored("array", [3]int{1, 2, 3}), stored("array of bytes", [4]byte{1, 2, 3, 4}), stored("slice", []int{-1, 0, 127, 128, 65536}),
		stored("slice nil", []int(nil)), stored("slice empty", []int{}), stored("strings", []string{"a", ""}),
		stored("map of strings", map[string]string{"b": "2", "a": "1", "aa": "3"}),
		stored("map of ints", map[string]int{"b": 2, "a": 1, "aa": 3}),
		stored("map by int", map[int]string{300: "c", -5: "a", 7: "b", -300: "z"}),
		stored("map by array", map[[2]int8]bool{{2, 1}: true, {1, 2}: false}),
		stored("map in map", map[string]map[int]int{"x": {2: 2, 1: 1}}), stored("map nil", map[string]int(nil)),
		stored("any", any("x")), stored("any nil", any(nil)), stored("any map", any(map[string]any{"b": int64(1), "a": nil, "aa": "x"})),
		stored("own value", celsius{36.5}), stored("own code", pair{"a", 1}),
		stored("recursive", tree{"root", []*tree{{"kid", []*tree{}}, nil}}),
	}
}

func ptr[T any](v T) *T { return &v }

func TestGolden(t *testing.T) {
	concat := func(of ...[]golden) (all []golden) {
		for _, g := range of {
			all = append(all, g...)
		}
		return all
	}
	text := concat(kinds(), infinities(), texts())
	for _, tc := range []struct {
		codec  Codec
		values []golden
	}{
		{Auto, concat(text, others(), packed())},
		{Text, text},
		{Raw, []golden{stored("string", "x"), stored("string named", userID("ada")), stored("bytes", []byte{0, 1})}},
		{Msgpack, concat(kinds(), infinities(), texts()[:4], []golden{stored("netip.Addr", netip.MustParseAddr("2001:db8::1")), stored("big.Int", *big77)}, others()[1:], packed())},
		{JSON, concat(kinds(), texts(), []golden{
			stored("struct", address{"<Main> & St", "Springfield"}), stored("map by int", map[int]string{2: "b", 1: "a", 10: "c"}),
			stored("nil pointer", (*int)(nil)), stored("any", any(map[string]any{"a": []any{1.5, nil, true}})),
		})},
	} {
		t.Run(tc.codec.Name(), func(t *testing.T) { compareGolden(t, tc.codec, tc.values) })
	}
}

// compareGolden compares values with testdata/<codec>.golden. Each line has a name, the
// Go type, and the bytes as a Go string.
func compareGolden(t *testing.T, c Codec, values []golden) {
	t.Helper()
	compareGoldenFile(t, c, c.Name(), values)
}

func compareGoldenFile(t *testing.T, c Codec, file string, values []golden) {
	t.Helper()
	path := filepath.Join("testdata", file+".golden")
	if *update {
		writeGolden(t, c, path, values)
	}
	want := readGolden(t, path)
	for _, g := range values {
		data, ok := want[g.name+"\t"+g.kind]
		if !ok {
			t.Errorf("%s: not in %s", g.name, path)
			continue
		}
		delete(want, g.name+"\t"+g.kind)
		if got, err := g.put(c); err != nil || string(got) != data {
			t.Errorf("%s: Append = %q, %v; want %q", g.name, got, err, data)
		}
		if err := g.get(c, []byte(data)); err != nil {
			t.Errorf("%s: Decode(%q): %v", g.name, data, err)
		}
	}
	for left := range want {
		t.Errorf("%s holds %q, which nothing tests any more: released bytes stay readable", path, left)
	}
}

func writeGolden(t *testing.T, c Codec, path string, values []golden) {
	t.Helper()
	var out bytes.Buffer
	for _, g := range values {
		data, err := g.put(c)
		if err != nil {
			t.Fatalf("%s: %v", g.name, err)
		}
		fmt.Fprintf(&out, "%s\t%s\t%s\n", g.name, g.kind, quoted(data))
	}
	if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// quoted writes bytes as a Go string that shows each byte that is not printable.
func quoted(data []byte) string {
	var out strings.Builder
	for _, c := range data {
		if c < ' ' || c > '~' || c == '"' || c == '\\' {
			fmt.Fprintf(&out, `\x%02x`, c)
		} else {
			out.WriteByte(c)
		}
	}
	return `"` + out.String() + `"`
}

func readGolden(t *testing.T, path string) map[string]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := map[string]string{}
	for in := bufio.NewScanner(f); in.Scan(); {
		parts := strings.Split(in.Text(), "\t")
		data, err := strconv.Unquote(parts[2])
		if err != nil {
			t.Fatalf("%s: %v", in.Text(), err)
		}
		lines[parts[0]+"\t"+parts[1]] = data
	}
	return lines
}
