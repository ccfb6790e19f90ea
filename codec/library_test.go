package codec

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/vmihailenco/msgpack/v5"
)

// byLibrary returns what the msgpack library writes for the value that ptr points to,
// with sorted maps.
func byLibrary(p *plan, ptr any) ([]byte, error) {
	var out bytes.Buffer
	enc := msgpack.NewEncoder(&out)
	enc.UseCompactInts(true)
	enc.SetSortMapKeys(true)
	if err := enc.Encode(ptr); err != nil {
		return nil, err
	}
	return out.Bytes(), p.sort(out.Bytes())
}

// TestSameBytesAsLibrary compares the bytes that Append writes with those of the library.
func TestSameBytesAsLibrary(t *testing.T) {
	o := sampleOrder()
	empty := ""
	sameBytes(t, o, order{}, order{Any: []any{&o, []order{o}}})
	sameBytes(t, map[string]any{"b": []order{o}, "a": &o, "c": []any{1, int8(-1), uint64(1) << 63, 1.5, float32(2), true, "x", []byte("y"), []byte(nil), nil, [2]int{1, 2}, [3]byte{1}, &empty}}, nil)
	sameBytes(t, [](map[level]row){{1: {A: 1, B: "x"}, 2: {}}, nil, {}})
	sameBytes(t, row{A: 1, B: "x"})
	sameBytes(t, rowTwice{base1: base1{1, 2}, A: 3})
	sameBytes(t, shadowed{1, base1{2, 3}})
	sameBytes(t, apart{base1{1, 2}, 3})
	sameBytes(t, celsius{1.5})
	sameBytes(t, []celsius{{1.5}, {}})
	sameBytes(t, pair{"a", 1})
	sameBytes(t, map[string]*celsius{"a": {1}, "b": nil})
	sameBytes(t, []point{{1, 2}})
	sameBytes(t, []uuid{{1}, {}})
	sameBytes(t, []textList{nil, {}, {"a"}})
	sameBytes(t, textList(nil))
	// Behind a pointer, the library writes such a nil as nil or as its text. Which one
	// depends on the order in which it first used the types.
	roundTrip(t, "pointer to a nil with a text", struct{ A, B *textList }{A: new(textList)})
	sameBytes(t, []error{errQuarrel, nil})
	sameBytes(t, tree{"root", []*tree{{"kid", []*tree{}}, nil}})
	sameBytes(t, map[[2]int8]bool{{2, 1}: true, {1, 2}: false})
	sameBytes(t, map[any]any{1: "a", "x": 2, 1.5: nil})
	type omits struct {
		S string            `msgpack:",omitempty"`
		M map[string]string `msgpack:",omitempty"`
		L []int             `msgpack:",omitempty"`
		A [2]int            `msgpack:",omitempty"`
		N [0]int            `msgpack:",omitempty"`
		F float64           `msgpack:",omitempty"`
		B bool              `msgpack:",omitempty"`
		P *named            `msgpack:",omitempty"`
		I any               `msgpack:",omitempty"`
		T level             `msgpack:",omitempty"`
		U uuid              `msgpack:",omitempty"`
		X textList          `msgpack:",omitempty"`
		O struct {
			A int `msgpack:",omitempty"`
		} `msgpack:",omitempty"`
		R struct{ A int } `msgpack:",omitempty"`
		W point           `msgpack:",omitempty"`
	}
	full := omits{S: "s", M: map[string]string{"a": "b"}, L: []int{1}, A: [2]int{1}, F: 1, B: true, P: &named{}, I: 1, T: 1, U: uuid{1}, X: textList{"x"}, W: point{1, 1}}
	full.O.A, full.R.A = 1, 2
	sameBytes(t, omits{}, full, omits{M: map[string]string{}, L: []int{}, X: textList{}})
	type all struct {
		A        int
		_msgpack struct{} `msgpack:",omitempty"`
		B        int
		C        string
	}
	sameBytes(t, all{}, all{1, struct{}{}, 2, "x"})
}

// textList is a slice with text methods.
type textList []string

func (l textList) MarshalText() ([]byte, error) {
	var b []byte
	for _, s := range l {
		b = append(append(b, s...), ',')
	}
	return append([]byte{}, b...), nil
}

func (l *textList) UnmarshalText(b []byte) error {
	*l = nil
	for _, s := range bytes.SplitAfter(b, []byte(",")) {
		if len(s) > 0 {
			*l = append(*l, string(s[:len(s)-1]))
		}
	}
	return nil
}

func sameBytes[T any](t *testing.T, values ...T) {
	t.Helper()
	p, err := planOf(reflect.TypeFor[T]())
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range values {
		want, err := byLibrary(p, &v)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Msgpack.Append(nil, v); (err != nil || !bytes.Equal(got, want)) && reflect.TypeOf(v) != nil {
			t.Errorf("%+v:\n% x, %v\n% x has the library", v, got, err, want)
		}
	}
}
