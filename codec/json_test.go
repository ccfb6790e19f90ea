package codec

import (
	"errors"
	"math"
	"math/big"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestJSON(t *testing.T) {
	readJSON(t, `{"Street":"<b>","City":"x"}`, address{"<b>", "x"}, nil)
	readJSON(t, ` {"street" : "s"} `, address{Street: "s"}, nil)
	readJSON(t, `{"Street":"s"} x`, address{}, errAny)
	readJSON(t, `{"Street":"s"}{}`, address{}, errAny)
	readJSON(t, `300`, int8(0), errAny)
	readJSON(t, `-1`, uint(0), errAny)
	readJSON(t, `9223372036854775808`, int64(0), errAny)
	readJSON(t, `1.5`, 0, errAny)
	readJSON(t, `[1,2,3]`, [2]int{}, errElements)
	readJSON(t, `[1]`, [2]int{1, 0}, nil)
	readJSON(t, ``, 0, errAny)
	readJSON(t, `null`, 0, nil)
	readJSON(t, `{"A":1,"b":2,"C":3}`, promoted{base1{1, 2}, 3}, nil)
	readJSON(t, `{"\u0041":{}}`, bigPtrs{A: nil}, errAny)
	if data, err := JSON.Append([]byte("x"), address{"<b>&", "\u2028"}); err != nil || string(data) != `x{"Street":"<b>&","City":"\u2028"}` {
		t.Errorf("Append = %s, %v", data, err)
	}
}

func readJSON[T any](t *testing.T, data string, want T, wantErr error) {
	t.Helper()
	typed, err := Values[T](JSON)
	if err != nil {
		t.Fatal(err)
	}
	got, err := typed.Decode([]byte(data))
	switch {
	case wantErr == nil && (err != nil || !same(got, want)):
		t.Errorf("Decode[%T](%s) = %v, %v; want %v", want, data, got, err, want)
	case wantErr == errAny && err == nil, wantErr != nil && wantErr != errAny && !errors.Is(err, wantErr):
		t.Errorf("Decode[%T](%s) = %v; want %v", want, data, err, wantErr)
	}
}

type (
	embedsBig struct {
		*bigStruct
		N int
	}
	jsonTags struct {
		A bigArray  `json:"a,omitempty"`
		B *bigArray `json:"b"`
	}
)

func jsonBombs(n int) map[string][]byte {
	list := func(elem string, n int) []byte { return []byte("[" + strings.Repeat(elem+",", n) + elem + "]") }
	return map[string][]byte{
		"empty arrays":      list("[]", n),
		"empty objects":     list("{}", n),
		"nulls":             list("null", n/2),
		"zeros":             list("0", 4*n),
		"empty strings":     list(`""`, 2*n),
		"small objects":     list(`{"a":{}}`, n/2),
		"pointers":          list(`{"A":[],"B":[],"C":[]}`, n/8),
		"escaped pointers":  list(`{"\u0041":[],"b":[]}`, n/8),
		"embedded pointers": list(`{"A":[]}`, n/4),
		"tags":              list(`{"a":[],"B":[]}`, n/8),
		"many entries":      jsonEntries(n),
		"nested arrays":     []byte(strings.Repeat("[", min(n, 9000)) + strings.Repeat("]", min(n, 9000))),
		"too deep":          []byte(strings.Repeat("[", 32*n)),
		"nested objects":    []byte(strings.Repeat(`{"Next":`, min(n, 9000)) + "{}" + strings.Repeat("}", min(n, 9000))),
		"nested kids":       []byte(strings.Repeat(`{"Kids":[`, min(n, 4000)) + strings.Repeat("]}", min(n, 4000))),
		"a long number":     []byte(strings.Repeat("1", 8*n)),
		"a long string":     []byte(`"` + strings.Repeat("a", 8*n) + `"`),
		"no JSON":           []byte(strings.Repeat(`[{"A`, 2*n)),
	}
}

func jsonEntries(n int) []byte {
	var out strings.Builder
	for i := range n {
		out.WriteString(`,"` + string(rune(i+'#'+100)) + `":{}`)
	}
	return []byte("{" + out.String()[1:] + "}")
}

func TestJSONBombs(t *testing.T) {
	targets := append(targets(), into[[]embedsBig]("[]embedsBig"), into[[]jsonTags]("[]jsonTags"), into[map[string]*bigArray]("map of *bigArray"))
	for _, to := range targets {
		_ = to.decode(JSON, []byte("null"))
		for name, data := range jsonBombs(bombSize / 2) {
			var err error
			if got := allocated(func() { err = to.decode(JSON, data) }); got > bound(data) {
				t.Errorf("%s into %s: allocated %d for %d bytes; want at most %d (%v)", name, to.name, got, len(data), bound(data), err)
			}
		}
	}
	full := make([]bigArray, 20)
	for i := range full {
		for j := range full[i] {
			full[i][j] = int64(i * j)
		}
	}
	for _, c := range []Codec{JSON, Compress(JSON, 0)} {
		checkCompressed(t, c, full)
		checkCompressed(t, c, repeatValue(address{"s", "c"}, 1000))
	}
}

func TestJSONAppendRefusesWhatDecodeWould(t *testing.T) {
	type sparse struct {
		A *bigArray `json:",omitempty"`
		B [512]int  `json:",omitzero"`
	}
	typed, err := Values[[]sparse](JSON)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := typed.Append(nil, make([]sparse, 10_000)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("Append = %v; want ErrTooLarge", err)
	}
	if data, err := typed.Append(nil, make([]sparse, 10)); err != nil {
		t.Errorf("Append = %v", err)
	} else if _, err := typed.Decode(data); err != nil {
		t.Errorf("Decode = %v", err)
	}
}

type (
	// loud is a string whose text differs from it.
	loud string
	// numbered is an integer whose text needs a pointer.
	numbered int
	// halfRead is a string with UnmarshalText only.
	halfRead string
)

func (l loud) MarshalText() ([]byte, error)      { return []byte(strings.ToUpper(string(l))), nil }
func (l *loud) UnmarshalText(b []byte) error     { *l = loud(strings.ToLower(string(b))); return nil }
func (n *numbered) MarshalText() ([]byte, error) { return []byte{'n', byte('0' + *n)}, nil }
func (n *numbered) UnmarshalText(b []byte) error { *n = numbered(b[1] - '0'); return nil }
func (h *halfRead) UnmarshalText(b []byte) error { *h = halfRead(b); return nil }

// TestJSONUncalledMethods checks that a type is refused where encoding/json calls the
// reading method but not the writing one.
func TestJSONUncalledMethods(t *testing.T) {
	const pointer = "needs a pointer"
	unsupportedValue[map[string]shy](t, JSON, pointer)
	unsupportedValue[map[string]struct{ S [2]shy }](t, JSON, pointer)
	unsupportedValue[map[string]big.Int](t, JSON, pointer)
	unsupportedValue[map[numbered]int](t, JSON, "no keys")
	unsupportedValue[map[halfRead]int](t, JSON, "no keys")
	unsupportedValue[map[any]int](t, JSON, "no keys")
	for _, v := range []any{shy{"x"}, *big.NewInt(5), struct{ S shy }{}, [1]shy{}, map[string]shy{}} {
		if out, err := JSON.Append(nil, []any{v}); !errors.Is(err, ErrUnsupported) {
			t.Errorf("%T in an interface: %s, %v; want ErrUnsupported", v, out, err)
		}
		if out, err := JSON.Append(nil, struct{ M map[loud]any }{map[loud]any{"x": &v}}); !errors.Is(err, ErrUnsupported) {
			t.Errorf("%T in an interface: %s, %v; want ErrUnsupported", v, out, err)
		}
	}
	returns(t, JSON, map[string]*shy{"a": {"x"}})
	returns(t, JSON, map[string][]shy{"a": {{"x"}}})
	returns(t, JSON, map[loud]int{"quiet": 1})
	returns(t, JSON, []any{&shy{"x"}}[:0])
	if out, err := JSON.Append(nil, map[loud]int{"LOUD": 1}); !errors.Is(err, ErrUnsupported) {
		t.Errorf("%s, %v; want ErrUnsupported for a key that would be read as another", out, err)
	}
	unsupportedValue[struct{ *address }](t, JSON, "cannot fill")
	unsupportedValue[shadowed](t, JSON, "two fields are stored as A: A and base1.A")
	unsupportedValue[struct {
		base1
		Base base2
		base2
	}](t, JSON, "two fields are stored as A: base1.A and base2.A")
	unsupportedValue[struct {
		time.Time
		netip.Addr
	}](t, JSON, "would be lost")
}

type base2 struct{ A int }

// TestJSONNumbersInInterfaces stores numbers in interfaces, where encoding/json decodes
// every number as a float64.
func TestJSONNumbersInInterfaces(t *testing.T) {
	type row struct{ N uint64 }
	for _, v := range []any{
		1<<53 + 1, -1<<53 - 1, int64(math.MaxInt64), uint64(math.MaxUint64), int64(1234567890123456800),
		[]int64{0, math.MaxInt64},
		[1]uint{math.MaxUint64},
		map[string]row{"x": {math.MaxUint64}},
		&row{1<<63 + 1},
		[]any{map[string]any{"x": 1<<60 + 1}},
	} {
		if out, err := JSON.Append(nil, []any{v}); !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), "beyond 2^53") {
			t.Errorf("%v in an interface: %s, %v; want ErrUnsupported", v, out, err)
		}
	}
	returns(t, JSON, []row{{math.MaxUint64}})
	for _, v := range []any{float64(1 << 53), 1.5, -5.0, 1e300, float64(math.MaxInt64), 123456789012345680000.0, 1e20, []any{0.1}, "9007199254740993"} {
		returns(t, JSON, []any{v})
	}
	for _, v := range []any{1 << 53, -1 << 53, uint64(1) << 53, int32(-5)} {
		var back any
		if out, err := JSON.Append(nil, &v); err != nil || JSON.Decode(out, &back) != nil || int64(back.(float64)) != reflect.ValueOf(v).Convert(reflect.TypeFor[int64]()).Int() {
			t.Errorf("%v in an interface: %s is %v, %v", v, out, back, err)
		}
	}
	var back any
	for _, text := range []string{`9007199254740993`, `[-9007199254740993]`, `{"a":[{"b":18446744073709551615}]}`} {
		if err := JSON.Decode([]byte(text), &back); err == nil || !strings.Contains(err.Error(), "exactly") {
			t.Errorf("%s is %v, %v; want an error", text, back, err)
		}
	}
}

// TestJSONText stores invalid UTF-8, which encoding/json replaces by U+FFFD.
func TestJSONText(t *testing.T) {
	for _, v := range []any{"\xff", []string{"\xc3\x28"}, map[string]int{"\xff": 1}, map[string]any{"a": []any{"\xff"}}, struct{ S userID }{"\xff"}, &[1]string{"\xff"}} {
		if out, err := JSON.Append(nil, v); !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), "UTF-8") {
			t.Errorf("%q: %s, %v; want ErrUnsupported", v, out, err)
		}
	}
	for _, v := range []string{"\ufffd", `\ufffd`, `\\ufffd`, "😀"} {
		returns(t, JSON, v)
		returns(t, JSON, map[string]string{v: v})
	}
	for _, text := range []string{`"\ufffd"`, `"\ud83d\ude00"`, `"\\ud83d"`, `"\u00e9\\"`, `{"\u0041":1}`} {
		var v any
		if err := JSON.Decode([]byte(text), &v); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{"\"\xff\"", `"\ud83d"`, `"\ude00"`, `"\ud83d\u0041"`, `"\ud83dx"`, `"a\ud83d\n"`, `{"\ud83d":1}`, `["\\\ud83d"]`} {
		var v any
		if err := JSON.Decode([]byte(text), &v); err == nil || !strings.Contains(err.Error(), "UTF-8") {
			t.Errorf("%s is %q, %v; want an error", text, v, err)
		}
	}
}
