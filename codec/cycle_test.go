package codec

import (
	"errors"
	"strings"
	"testing"
	"unsafe"

	"github.com/vmihailenco/msgpack/v5"
)

type (
	loopList   []loopList
	loopMap    map[string]loopMap
	loopArray  [1]*loopArray
	loopAny    struct{ Next any }
	loopSlice  struct{ Kids []loopSlice }
	loopByName struct{ Kids map[string]*loopByName }
	loopRow    struct {
		//lint:ignore U1000 the codec reads its tag
		_msgpack struct{} `msgpack:",as_array"`
		Next     *loopRow
	}
	loopOmit struct {
		Next *loopOmit `msgpack:",omitempty"`
		Any  any       `msgpack:",omitempty"`
		Part struct {
			More *loopOmit `msgpack:",omitempty"`
		} `msgpack:",omitempty"`
	}
	loopCoder struct{ Next any }
)

// EncodeMsgpack writes the inner value with the library.
func (l *loopCoder) EncodeMsgpack(e *msgpack.Encoder) error {
	return e.EncodeMulti([]any{l.Next}, 1)
}

func (l *loopCoder) DecodeMsgpack(d *msgpack.Decoder) error {
	var n int
	return d.DecodeMulti(&l.Next, &n)
}

// cyclic returns values that contain themselves.
func cyclic() map[string]any {
	c := &chain{}
	c.Next = c
	t := &tree{}
	t.Kids = []*tree{t}
	list := loopList{nil}
	list[0] = list
	m := loopMap{}
	m["self"] = m
	array := &loopArray{}
	array[0] = array
	holder := &loopAny{}
	holder.Next = holder
	byName := &loopByName{map[string]*loopByName{}}
	byName.Kids["self"] = byName
	row := &loopRow{}
	row.Next = row
	omit := &loopOmit{}
	omit.Part.More = omit
	anys := []any{nil}
	anys[0] = anys
	anyMap := map[string]any{}
	anyMap["self"] = anyMap
	keyed := map[any]any{}
	keyed["self"] = keyed
	var self any
	self = &self
	var one, two any
	one, two = &two, &one
	kids := loopSlice{make([]loopSlice, 1)}
	kids.Kids[0] = kids
	coder := &loopCoder{}
	coder.Next = coder
	listOfCoder := &loopCoder{}
	listOfCoder.Next = []any{map[string]any{"self": listOfCoder}}
	return map[string]any{
		"a pointer": c, "a slice of pointers": t, "a slice": list, "a map": m, "an array": array, "an interface in a struct": holder,
		"a map of pointers": byName, "a struct as array": row, "under omitempty": omit, "[]any": anys, "map[string]any": anyMap, "map[any]any": keyed,
		"an interface of its pointer": self, "two interfaces": one, "a struct in its slice": kids,
		"in a list": []any{1, c}, "in a struct in any": loopAny{map[string]any{"x": []*chain{c}}}, "in a map of any": map[string]any{"x": &anys},
		"its own method": coder, "its own method, in containers": listOfCoder,
	}
}

// deep returns values that are nested n deep.
func deep(n int) map[string]any {
	c, t, list, m, holder := &chain{}, &tree{}, loopList{}, loopMap{}, any(nil)
	var anys, anyMap, pointers any
	for range n {
		c, t, list, m, holder = &chain{c}, &tree{Kids: []*tree{t}}, loopList{list}, loopMap{"": m}, &loopAny{holder}
		anys, anyMap = []any{anys}, map[string]any{"": anyMap}
		p := pointers
		pointers = &p
	}
	return map[string]any{
		"pointers": c, "slices of pointers": t, "slices": list, "maps": m, "interfaces in structs": holder,
		"[]any": anys, "map[string]any": anyMap, "pointers to interfaces": pointers,
	}
}

// TestCyclicValues checks that a value that contains itself, or is nested too deeply, is
// an error. A program cannot recover from a stack overflow.
func TestCyclicValues(t *testing.T) {
	codecs := []Codec{Auto, Msgpack, JSON, Limit(Compress(Encrypt(Sign(Auto, testRing()), testRing()), 0), 1<<20), Compress(JSON, 0)}
	for kind, values := range map[string]map[string]any{"in itself": cyclic(), "deep": deep(100_000)} {
		for name, v := range values {
			for _, c := range codecs {
				if name == "map[any]any" && strings.Contains(c.Name(), "json") {
					continue // JSON has no such keys
				}
				out, err := c.Append([]byte("before"), v)
				if string(out) != "before" || !errors.Is(err, ErrTooLarge) {
					t.Errorf("%s, %s, %s: Append = %d bytes, %.100v; want ErrTooLarge", c.Name(), kind, name, len(out), err)
				}
			}
		}
	}
}

// TestDeepest checks that 64 levels are stored and read. Append and Decode refuse 65.
func TestDeepest(t *testing.T) {
	for _, c := range []Codec{Auto, Msgpack} {
		for name, v := range deep(maxDepth - 1) {
			if name == "slices of pointers" || strings.Contains(name, "maps") || strings.Contains(name, "interfaces") {
				continue // two levels each, or nil at the end
			}
			data, err := c.Append(nil, v)
			if err != nil {
				t.Errorf("%s: %s: %v", c.Name(), name, err)
				continue
			}
			var back any
			if err := c.Decode(data, &back); err != nil {
				t.Errorf("%s: %s: Decode: %v", c.Name(), name, err)
			}
		}
	}
	var list *chain
	for range maxDepth {
		list = &chain{list}
	}
	roundTrip(t, "64 levels", list)
	if _, err := Auto.Append(nil, &chain{list}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("65 levels: %v; want ErrTooLarge", err)
	}
}

// TestCyclesInsideTypes checks that such values are refused inside other types too.
func TestCyclesInsideTypes(t *testing.T) {
	self := []any{nil}
	self[0] = self
	type box[T any] struct{ V T }
	refused(t, box[any]{self})
	refused(t, box[map[string]any]{map[string]any{"x": self}})
	refused(t, box[*[]any]{&self})
	refused(t, [1]any{self})
	refused(t, map[string][]any{"x": self})
	refused(t, box[box[*box[any]]]{box[*box[any]]{&box[any]{self}}})
}

func refused[T any](t *testing.T, v T) {
	t.Helper()
	typed, err := Values[T](nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := typed.Append(nil, v); !errors.Is(err, ErrTooLarge) {
		t.Errorf("%T in %d bytes: %v; want ErrTooLarge", v, unsafe.Sizeof(v), err)
	}
}
