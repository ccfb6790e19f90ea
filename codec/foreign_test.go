package codec

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// foreignOrder is a struct that the test data has in all languages.
type foreignOrder struct {
	ID    int
	Total float32
	Paid  bool
	Tags  []string
	Attrs map[string]string
	Note  *string
	At    time.Time
	Blob  []byte
	Count map[string]int
}

type foreignNested struct {
	User struct {
		Name string   `msgpack:"name"`
		Tags []string `msgpack:"tags"`
	} `msgpack:"user"`
	List []struct {
		ID uint8 `msgpack:"id"`
	} `msgpack:"list"`
	None []int `msgpack:"none"`
}

// asRead is one way to read bytes.
type asRead func(data []byte) error

// as reads a value of a type.
func as[T any](want T) asRead {
	return func(data []byte) error {
		for _, c := range []Codec{Msgpack, Limit(Msgpack, 1<<20)} {
			typed, err := Values[T](c)
			if err != nil {
				return err
			}
			if got, err := typed.Decode(data); err != nil || !same(got, want) {
				return fmt.Errorf("into %T: %+v, %v; want %+v", want, got, err, want)
			}
		}
		return nil
	}
}

// not expects an error with a reason, for a value that a type cannot hold.
func not[T any](why string) asRead {
	return func(data []byte) error {
		var v T
		err := Msgpack.Decode(data, &v)
		bad, ok := errors.AsType[*DecodeError](err)
		if !ok || !strings.Contains(bad.Err.Error(), why) {
			return fmt.Errorf("into %T: %+v, %v; want an error that says %q", v, v, err, why)
		}
		return nil
	}
}

// integer reads a number into every integer type, and expects an error from those that
// cannot hold it.
func integer(text string) []asRead {
	u, err := strconv.ParseUint(text, 10, 64)
	if n, signed := strconv.ParseInt(text, 10, 64); signed == nil {
		u, err = uint64(n), nil
		readers := []asRead{as(n), as[any](n)}
		if n == int64(int8(n)) {
			readers = append(readers, as(int8(n)))
		} else {
			readers = append(readers, not[int8]("an integer outside of int8"))
		}
		if n == int64(int32(n)) {
			readers = append(readers, as(int32(n)))
		} else {
			readers = append(readers, not[int32]("an integer outside of int32"))
		}
		if n >= 0 {
			readers = append(readers, as(u))
		} else {
			readers = append(readers, not[uint64]("an integer outside of uint64"))
		}
		if n <= 1<<53 && n >= -1<<53 {
			readers = append(readers, as(float64(n)))
		}
		return readers
	}
	if err != nil {
		return []asRead{func([]byte) error { return err }}
	}
	return []asRead{as(u), as[any](u), not[int64]("an integer outside of int64"), not[float64]("does not hold exactly")}
}

func foreignValues() map[string][]asRead {
	at := time.Date(2024, 2, 29, 12, 30, 0, 0, time.UTC)
	old := time.Date(1600, 1, 1, 0, 0, 0, 0, time.UTC)
	text := func(s string) []asRead {
		return []asRead{as(s), as[any](s), as(&s), as([]byte(s)), as(userID(s)), not[int]("text, want integer (int)"), not[time.Time]("text, want time (time.Time)")}
	}
	binary := func(s string) []asRead {
		return []asRead{as([]byte(s)), as[any]([]byte(s)), as(s), not[[]string]("bytes, want array ([]string)")}
	}
	twenty, keys := make([]int, 20), map[string]int{}
	for i := range 20 {
		twenty[i], keys["k"+strconv.Itoa(i)] = i, i
	}
	order := foreignOrder{ID: 300, Total: 12.5, Paid: true, Tags: []string{"gift"}, Attrs: map[string]string{}, At: at, Blob: []byte{0, 0xff}, Count: map[string]int{"a": 1}}
	nested := foreignNested{None: []int{}}
	nested.User.Name, nested.User.Tags = "Ada", []string{"x"}
	nested.List = append(nested.List, struct {
		ID uint8 `msgpack:"id"`
	}{1}, struct {
		ID uint8 `msgpack:"id"`
	}{2})
	values := map[string][]asRead{
		"nil":   {as[any](nil), as[*int](nil), as(0), as(""), as[[]int](nil), as[map[string]int](nil), as(time.Time{}), as(foreignOrder{})},
		"true":  {as(true), as[any](true), not[int]("boolean, want integer (int)")},
		"false": {as(false), as[any](false)},

		"float 0":     {as(0.0), as[any](0.0), as(float32(0)), not[int]("floating-point number, want integer (int)")},
		"float 1":     {as(1.0), as[any](1.0), as(float32(1)), not[int]("floating-point number, want integer (int)")},
		"float 1.5":   {as(1.5), as[any](1.5), as(float32(1.5))},
		"float -0.1":  {as(-0.1), as[any](-0.1), not[float32]("float32 does not hold exactly")},
		"float 1e300": {as(1e300), as[any](1e300), not[float32]("float32 does not hold exactly")},
		"float inf":   {as(math.Inf(1)), as[any](math.Inf(1)), as(float32(math.Inf(1)))},
		"float -inf":  {as(math.Inf(-1)), as[any](math.Inf(-1))},
		"float nan":   {isNaN[float64], isNaN[float32]},

		"text empty": text(""), "text": text("é€😀"), "text symbol": text("symbol"), "text 31": text(strings.Repeat("x", 31)), "text 32": text(strings.Repeat("x", 32)), "text 300": text(strings.Repeat("x", 300)),
		"binary empty": binary(""), "binary": binary("\x00\xff"), "binary 300": binary(strings.Repeat("\xff", 300)),

		"array empty": {as([]int{}), as[any]([]any{}), as([0]int{}), as(map[string]int{})},
		"array":       {as([]any{int64(1), "a", nil}), as[any]([]any{int64(1), "a", nil}), as([3]any{int64(1), "a", nil}), not[[]int]("[1]: text, want integer (int)"), not[[2]any]("more elements")},
		"array 20":    {as(twenty), as([20]int(twenty)), not[map[int]int]("array, want map (map[int]int)")},
		"map empty":   {as(map[string]int{}), as[any](map[string]any{}), as(foreignOrder{}), as(map[int]string{})},
		"map": {as(map[string]any{"a": int64(1), "b": []any{true}}), as[any](map[string]any{"a": int64(1), "b": []any{true}}), as(struct {
			A int    `msgpack:"a"`
			B []bool `msgpack:"b"`
		}{1, []bool{true}}), not[map[int]any]("[*]: text, want integer (int)")},
		"map 20":      {as(keys)},
		"map of ints": {as(map[int]string{1: "a", 2: "b"}), as(map[int8]string{1: "a", 2: "b"}), not[any]("keys that are not strings"), not[map[string]string]("[*]: integer, want text or bytes (string)")},
		"nested":      {as(nested), as[any](map[string]any{"user": map[string]any{"name": "Ada", "tags": []any{"x"}}, "list": []any{map[string]any{"id": int64(1)}, map[string]any{"id": int64(2)}}, "none": []any{}})},

		"time":  {as(at), as[any](at), as(&at)},
		"order": {as(order), as(&order), not[map[string]string]("[*]: ")},
	}
	values["time nanos"] = []asRead{as(time.Unix(1709209800, 123456789).UTC())}
	values["time millis"] = []asRead{as(time.Unix(1709209800, 123e6).UTC())}
	values["time old"] = []asRead{as(old), as[any](old)}
	return values
}

func isNaN[F float32 | float64](data []byte) error {
	var f F
	if err := Msgpack.Decode(data, &f); err != nil || f == f {
		return fmt.Errorf("%v, %v; want NaN", f, err)
	}
	return nil
}

// foreignOthers returns values that one language writes differently from the others.
func foreignOthers() map[string][]asRead {
	text := func(s string) []asRead { return []asRead{as([]byte(s)), as(s), as[any](s)} }
	float := func(f float64) []asRead {
		return []asRead{as(f), as[any](f), not[int64]("floating-point number, want integer (int64)")}
	}
	whole := func(n int64) []asRead { return []asRead{as(float64(n)), as(n), as[any](n)} }
	emptyMap := []asRead{as(map[string]int{}), as[any]([]any{}), as(foreignOrder{})}
	order := foreignOrder{ID: 300, Total: 12.5, Paid: true, Tags: []string{"gift"}, Attrs: map[string]string{}, Blob: []byte{0, 0xff}, Count: map[string]int{"a": 1}}
	noBlob := order
	noBlob.Blob = nil
	type id struct{ ID int }
	digits := map[string]string{}
	for i := range 20 {
		digits["k"+strconv.Itoa(i)] = strconv.Itoa(i)
	}
	return map[string][]asRead{
		// PHP, Perl and Lua have no type for bytes. PHP and Lua have one type for arrays
		// and maps.
		"php binary": text("\x00\xff"), "php binary 300": text(strings.Repeat("\xff", 300)), "lua binary": text("\x00\xff"),
		"php map empty": emptyMap, "lua map empty": emptyMap,
		"php order": {as(order)}, "lua order": {as(order)}, "perl order": {as(noBlob)},
		// Objects have their class under the key nil, unless msgpack.php_only is off.
		"php object":           {as(id{300}), not[any]("keys that are not strings")},
		"php object of others": {as([]int{300}), not[struct{ A, B int }]("a different number of fields")},
		// In Perl, an interpolated integer is a string.
		"perl map 20": {as(digits), not[map[string]int]("[*]: text, want integer (int)")},
		// Floats without a fraction are written as integers.
		"js float 0": whole(0), "js float 1": whole(1), "msgpackr float 0": whole(0), "msgpackr float 1": whole(1),
		"js undefined": {as[any](nil), as(0)}, "js undefined in a map": {as[any](map[string]any{"a": nil, "b": int64(1)})},
		// Integers beyond 32 bits are floats, unless they are BigInts.
		"msgpackr int 4294967296": float(1 << 32), "msgpackr int 9007199254740991": float(1<<53 - 1),
		"msgpackr int -2147483649": float(-1<<31 - 1), "msgpackr int -9007199254740991": float(-1<<53 + 1),
		// An extension that only msgpackr defines, and a record without its field names.
		"msgpackr undefined": {not[any]("an extension of type 0"), not[int]("extension or time, want integer (int)")},
		"msgpackr undefined in a map": {not[map[string]any]("[*]: an extension of type 0"), not[any]("an extension of type 0"), not[struct {
			A *int `msgpack:"a"`
		}]("A: extension or time, want integer (int)")},
		"msgpackr record": {not[any]("extra bytes"), not[id]("integer, want map (codec.id)")},
		// A table whose keys are 1 to n is an array.
		"lua map of ints": {as(map[int]string{1: "a", 2: "b", 4: "d"}), not[any]("keys that are not strings")},
	}
}

// TestForeign reads what libraries of other languages write.
func TestForeign(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "foreign", "*.golden"))
	if err != nil || len(files) < 7 {
		t.Fatalf("files of %d languages, %v; want 7", len(files), err)
	}
	usual, others := foreignValues(), foreignOthers()
	for _, file := range files {
		language := strings.TrimSuffix(filepath.Base(file), ".golden")
		t.Run(language, func(t *testing.T) {
			for name, data := range foreignBytes(t, file) {
				readers, ok := others[language+" "+name]
				delete(others, language+" "+name)
				if !ok {
					readers, ok = usual[name]
				}
				if n, number := strings.CutPrefix(name, "int "); !ok && number {
					readers, ok = integer(n), true
				}
				if !ok {
					t.Errorf("%s: nothing reads it", name)
				}
				for _, read := range readers {
					if err := read(data); err != nil {
						t.Errorf("%s: % x: %v", name, data[:min(len(data), 40)], err)
					}
				}
			}
		})
	}
	for name := range others {
		t.Errorf("%s: no file has it", name)
	}
}

func foreignBytes(t *testing.T, path string) map[string][]byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	values := map[string][]byte{}
	in := bufio.NewScanner(f)
	for in.Scan() {
		if name, text, ok := strings.Cut(in.Text(), "\t"); ok {
			if values[name], err = hex.DecodeString(text); err != nil {
				t.Fatal(err)
			}
		}
	}
	if in.Err() != nil || len(values) < 40 {
		t.Fatalf("%s: %d values, %v", path, len(values), in.Err())
	}
	return values
}
