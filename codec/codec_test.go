package codec

//lint:file-ignore U1000 the types under test have fields that only reflection sees

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// foreignCodec is a codec of another package.
type foreignCodec struct{}

func (foreignCodec) Name() string { return "brackets" }

func (foreignCodec) Append(dst []byte, v any) ([]byte, error) {
	if v == "panic" {
		panic("secret payload")
	}
	return fmt.Appendf(dst, "<%v>", v), nil
}

func (foreignCodec) Decode(data []byte, ptr any) error {
	switch p := ptr.(type) {
	case *string:
		if string(data) == "<panic>" {
			panic("secret payload")
		}
		if !strings.HasPrefix(string(data), "<") {
			return fmt.Errorf("brackets: bad %q", data)
		}
		*p = strings.Trim(string(data), "<>")
		return nil
	}
	return fmt.Errorf("brackets: no %T", ptr)
}

func TestForeignCodec(t *testing.T) {
	for _, c := range []Codec{foreignCodec{}, Limit(foreignCodec{}, 100), Compress(foreignCodec{}, 0), Sign(foreignCodec{}, testRing())} {
		typed, err := Values[string](c)
		if err != nil {
			t.Fatal(err)
		}
		data, err := typed.Append(nil, "cart")
		if err != nil {
			t.Fatalf("%s: %v", c.Name(), err)
		}
		if back, err := typed.Decode(data); err != nil || back != "cart" {
			t.Errorf("%s: Decode = %q, %v; want cart", c.Name(), back, err)
		}
		var loose string
		if err := c.Decode(data, &loose); err != nil || loose != "cart" {
			t.Errorf("%s: untyped Decode = %q, %v; want cart", c.Name(), loose, err)
		}
		if _, err := typed.Append(nil, "panic"); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: a panic became %v", c.Name(), err)
		}
	}
	typed, _ := Values[string](foreignCodec{})
	for _, data := range []string{"secret", "<panic>"} {
		_, err := typed.Decode([]byte(data))
		e, ok := errors.AsType[*DecodeError](err)
		if !ok || e.Type != "string" || e.Codec != "brackets" || strings.Contains(err.Error(), "secret") {
			t.Errorf("Decode(%q) = %v; want a *DecodeError of brackets without the payload", data, err)
		}
	}
}

func TestNilCodecIsAuto(t *testing.T) {
	values, err := Values[int](nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := values.Append(nil, 42); string(got) != "42" {
		t.Errorf("Append(42) = %q; want 42", got)
	}
	for _, c := range []Codec{Limit(nil, 9), Compress(nil, 9), Sign(nil, testRing()), Encrypt(nil, testRing())} {
		if !strings.Contains(c.Name(), "auto") {
			t.Errorf("Name() = %s; want auto inside", c.Name())
		}
	}
}

func TestUntyped(t *testing.T) {
	for _, c := range []Codec{Auto, Msgpack, JSON} {
		if data, err := c.Append(nil, nil); err != nil || len(data) == 0 {
			t.Errorf("%s: Append(nil) = %q, %v", c.Name(), data, err)
		}
		n := 7
		if err := c.Decode([]byte("\xffno"), &n); err == nil || n != 7 {
			t.Errorf("%s: a failed Decode = %v and left %d; want 7", c.Name(), err, n)
		}
		for _, ptr := range []any{nil, 5, (*int)(nil)} {
			if err := c.Decode([]byte("5"), ptr); !errors.Is(err, ErrUnsupported) {
				t.Errorf("%s: Decode into %T = %v; want ErrUnsupported", c.Name(), ptr, err)
			}
		}
	}
	stale := named{ID: 5, Note: "stale"}
	data, _ := Auto.Append(nil, named{ID: 6})
	if err := Auto.Decode(data, &stale); err != nil || stale != (named{ID: 6}) {
		t.Errorf("Decode = %+v, %v; want the target replaced whole", stale, err)
	}
	if _, err := Text.Append(nil, nil); !errors.Is(err, ErrUnsupported) {
		t.Errorf("Text.Append(nil) = %v; want ErrUnsupported", err)
	}
}

func TestUnsupportedValues(t *testing.T) {
	type (
		hidden   struct{ a int }
		selfPtr  *selfPtr
		embedsP  struct{ *address }
		withChan struct{ C chan int }
		loop     struct{ *loop }
		interned struct {
			A string `msgpack:",intern"`
		}
		quotedTag struct {
			A string `msgpack:"'a'"`
		}
	)
	unsupportedValue[chan int](t, Auto, "chan")
	unsupportedValue[func()](t, Auto, "func")
	unsupportedValue[complex64](t, Auto, "complex64")
	unsupportedValue[uintptr](t, Auto, "uintptr")
	unsupportedValue[hidden](t, Auto, "unexported")
	unsupportedValue[[]hidden](t, Auto, "unexported")
	unsupportedValue[selfPtr](t, Auto, "pointers")
	unsupportedValue[embedsP](t, Auto, "noinline")
	unsupportedValue[loop](t, Auto, "noinline")
	unsupportedValue[withChan](t, Auto, "chan")
	unsupportedValue[halfText](t, Auto, "half a pair")
	unsupportedValue[interned](t, Auto, "interned")
	unsupportedValue[quotedTag](t, Auto, "quotes")
	unsupportedValue[chan int](t, JSON, "chan")
	unsupportedValue[map[point]int](t, JSON, "keys")
	unsupportedValue[selfPtr](t, JSON, "pointers")
	unsupportedValue[named](t, Text, "text form")
	unsupportedValue[*int](t, Text, "text form")
	unsupportedValue[any](t, Text, "text form")
	unsupportedValue[point](t, Text, "text form")
	unsupportedValue[int](t, Raw, "Raw")
	unsupportedValue[*string](t, Raw, "Raw")
	unsupportedValue[int](t, Encrypt(Raw, testRing()), "Raw")
}

type (
	shadowing struct {
		base1
		A int
	}
	rowTwice struct {
		_msgpack struct{} `msgpack:",as_array"`
		base1
		A int
	}
	money  struct{ cents int64 }
	blanks struct {
		_ int
		_ [0]func()
	}
)

func TestTwoFieldsOfOneName(t *testing.T) {
	type (
		Name   struct{ Name string }
		forced struct {
			A     int
			base1 `msgpack:",inline"`
		}
		deep struct {
			promoted
			B int
		}
		stolen struct {
			A int
			B int `msgpack:",alias:A"`
		}
		unread struct {
			A int `msgpack:",alias:B"`
			B int
		}
		embedding struct{ Name }
		nested    struct {
			promoted
			base1
			Base int `msgpack:"base1"`
		}
		flat struct { // the fields of a struct that is an array by itself
			rowTwice
			C int
		}
		rowForced struct {
			_msgpack struct{} `msgpack:",as_array"`
			A        int
			base1    `msgpack:",inline"`
		}
	)
	unsupportedValue[shadowing](t, Auto, "two fields are stored as A: base1.A and A")
	unsupportedValue[twice](t, Msgpack, "two fields are stored as x: A and B")
	unsupportedValue[forced](t, Auto, "two fields are stored as A: A and base1.A")
	unsupportedValue[deep](t, Auto, "two fields are stored as B: promoted.base1.B and B")
	unsupportedValue[stolen](t, Auto, "two fields are stored as A: A and B")
	unsupportedValue[unread](t, Auto, "two fields are stored as B: A and B")
	unsupportedValue[embedding](t, Auto, "two fields are stored as Name: Name.Name and Name")
	unsupportedValue[nested](t, Auto, "two fields are stored as base1: base1 and Base")
	unsupportedValue[flat](t, Auto, "two fields are stored as A: rowTwice.base1.A and rowTwice.A")
	unsupportedValue[rowForced](t, Auto, "two fields are stored as A: A and base1.A")
	unsupportedValue[map[string][]*shadowing](t, Auto, "two fields")
	unsupportedValue[struct{ S shadowing }](t, Auto, "two fields")
	unsupportedKey[shadowing](t, nil, "unexported")
	unsupportedKey[rowTwice](t, nil, "unexported")

	roundTrip(t, "the outer field first", shadowed{1, base1{2, 3}})
	roundTrip(t, "embedded twice, once by name", struct {
		promoted
		base1
	}{promoted{base1{1, 2}, 3}, base1{4, 5}})
	roundTrip(t, "an alias of itself", struct {
		A int `msgpack:"a,alias:a"`
	}{1})
	roundTrip(t, "an array", rowTwice{base1: base1{1, 2}, A: 3})
}

func TestHiddenFields(t *testing.T) {
	type embedsMoney struct {
		money
		A int
	}
	for _, c := range []Codec{Auto, Msgpack, JSON} {
		unsupportedValue[money](t, c, "codec.money: all its fields are unexported")
		unsupportedValue[struct{ M money }](t, c, "unexported")
		unsupportedValue[struct{ M *[]money }](t, c, "unexported")
		unsupportedValue[[2]money](t, c, "unexported")
		unsupportedValue[map[string]money](t, c, "unexported")
		unsupportedValue[map[string]struct{ M []money }](t, c, "unexported")
		unsupportedValue[embedsMoney](t, c, "unexported")
		unsupportedValue[struct{ N atomic.Int64 }](t, c, "unexported")
	}
	unsupportedValue[map[money]int](t, Auto, "unexported")

	roundTrip(t, "no fields", []struct{}{{}, {}})
	roundTrip(t, "blank fields", map[string]blanks{"a": {}})
	roundTrip(t, "own methods", []struct {
		T time.Time
		I *big.Int
		C celsius
		S shy
	}{{time.Unix(1, 2).UTC(), big77, celsius{1}, shy{"x"}}})
	readJSON(t, `[{},{}]`, []struct{}{{}, {}}, nil)
	readJSON(t, `{"a":{}}`, map[string]blanks{"a": {}}, nil)
	readJSON(t, `[{"T":"2024-02-29T00:00:00Z","I":5,"S":"x"}]`, []struct {
		T time.Time
		I *big.Int
		S shy
	}{{time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC), big.NewInt(5), shy{"x"}}}, nil)
}

func TestInterfacesWithMethods(t *testing.T) {
	type namedError error
	for _, c := range []Codec{Auto, Msgpack, JSON} {
		unsupportedValue[fmt.Stringer](t, c, "fmt.Stringer: an interface with methods")
		unsupportedValue[[]fmt.Stringer](t, c, "interface with methods")
		unsupportedValue[map[string]fmt.Stringer](t, c, "interface with methods")
		unsupportedValue[struct{ S fmt.Stringer }](t, c, "interface with methods")
		unsupportedValue[*interface{ hidden() }](t, c, "interface with methods")
		unsupportedValue[json.Unmarshaler](t, c, "interface with methods")
		unsupportedValue[namedError](t, c, "interface with methods")
	}
	unsupportedValue[map[fmt.Stringer]int](t, Auto, "interface with methods")
	unsupportedValue[error](t, JSON, "interface with methods")

	typed, err := Values[[]error](nil)
	if err != nil {
		t.Fatal(err)
	}
	data, err := typed.Append(nil, []error{errQuarrel, nil})
	if err != nil {
		t.Fatal(err)
	}
	if back, err := typed.Decode(data); err != nil || len(back) != 2 || back[0].Error() != "quarrel" || back[1] != nil {
		t.Errorf("Decode = %v, %v; want the text of an error, and nil", back, err)
	}
}

func unsupportedValue[T any](t *testing.T, c Codec, why string) {
	t.Helper()
	_, err := Values[T](c)
	if !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), why) {
		t.Errorf("Values[%v](%s) = %v; want ErrUnsupported because of %q", reflect.TypeFor[T](), c.Name(), err, why)
	}
	var v T
	if _, err := c.Append(nil, v); !errors.Is(err, ErrUnsupported) && reflect.TypeOf(v) != nil {
		t.Errorf("%s.Append(%T) = %v; want ErrUnsupported", c.Name(), v, err)
	}
}

func TestStrictScalars(t *testing.T) {
	scalarRefuses[int](t, "", "-", "+5", "05", "-05", "-0", "00", " 5", "5 ", "5.0", "1e3", "0x5", "1_000", "5\n", "٥", "9223372036854775808", "99999999999999999999999")
	scalarRefuses[int8](t, "128", "-129", "300", "1000")
	scalarRefuses[int64](t, "-9223372036854775809", "18446744073709551616")
	scalarRefuses[uint8](t, "256", "-1", "-256")
	scalarRefuses[uint64](t, "18446744073709551616", "-1", "184467440737095516150")
	scalarRefuses[bool](t, "", "true", "false", "t", "2", "01", "10", " 1", "TRUE")
	scalarRefuses[float64](t, "", "x", "1,5", "0..1", "1e999", "--1")
	scalarRefuses[float32](t, "1e39", "abc")
	scalarRefuses[time.Time](t, "", "yesterday", "2024-02-30T00:00:00Z", "2024-02-29", "2024-02-29T1:00:00Z")
	scalarRefuses[level](t, "", "L", "x7")
}

func scalarRefuses[T any](t *testing.T, texts ...string) {
	t.Helper()
	typed, err := Values[T](Auto)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range texts {
		v, err := typed.Decode([]byte(text))
		e, ok := errors.AsType[*DecodeError](err)
		if !ok || e.Type != reflect.TypeFor[T]().String() || e.Codec != "auto" || !reflect.ValueOf(v).IsZero() {
			t.Errorf("Decode[%T](%q) = %v, %v; want the zero value and a *DecodeError", v, text, v, err)
		}
	}
}

func TestFloatsOfRedis(t *testing.T) {
	typed, _ := Values[float64](nil)
	for text, want := range map[string]float64{"inf": math.Inf(1), "-inf": math.Inf(-1), "3.0e3": 3000, "10.5": 10.5, "5": 5, "-0": math.Copysign(0, -1), "Inf": math.Inf(1), "1e-400": 0} {
		if got, err := typed.Decode([]byte(text)); err != nil || got != want || math.Signbit(got) != math.Signbit(want) {
			t.Errorf("Decode(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
	if got, err := typed.Decode([]byte("nan")); err != nil || !math.IsNaN(got) {
		t.Errorf("Decode(nan) = %v, %v; want NaN", got, err)
	}
	if got, _ := typed.Append(nil, math.NaN()); string(got) != "nan" {
		t.Errorf("Append(NaN) = %q; want nan", got)
	}
}

func TestTimesComeBackInUTC(t *testing.T) {
	there := time.FixedZone("there", -7200)
	at := time.Date(2024, 2, 29, 23, 0, 0, 7, there)
	type visit struct {
		At    time.Time
		Until *time.Time
		All   []time.Time
		ByDay map[time.Time]map[string]time.Time
		None  map[string]time.Time
		Pair  [2]time.Time
	}
	v := visit{at, &at, []time.Time{at}, map[time.Time]map[string]time.Time{at: {"x": at}}, nil, [2]time.Time{at, {}}}
	u := at.UTC()
	want := visit{u, &u, []time.Time{u}, map[time.Time]map[string]time.Time{u: {"x": u}}, nil, [2]time.Time{u, {}}}
	typed, err := Values[visit](nil)
	if err != nil {
		t.Fatal(err)
	}
	data, err := typed.Append(nil, v)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := typed.Decode(data); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("Decode = %+v, %v; want %+v", got, err, want)
	}
	if _, err := Auto.Append(nil, time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)); err == nil {
		t.Error("a time in the year 10000 has no RFC 3339 text; want an error")
	}
}

type quarrelsome struct{ A int }

var errQuarrel = errors.New("quarrel")

func (q quarrelsome) MarshalText() ([]byte, error) {
	if q.A == 1 {
		return nil, errQuarrel
	}
	panic("secret payload")
}

func (q *quarrelsome) UnmarshalText(b []byte) error {
	switch string(b) {
	case "panic secret":
		panic(string(b))
	case "runtime secret":
		_ = b[len(b)]
	}
	return fmt.Errorf("%w about %s", errQuarrel, b)
}

func TestErrorsHidePayloads(t *testing.T) {
	type holder struct{ Q quarrelsome }
	check := func(c Codec, data string, target any, sentinel error) {
		t.Helper()
		err := c.Decode([]byte(data), target)
		if _, ok := errors.AsType[*DecodeError](err); !ok {
			t.Errorf("%s: Decode(%q) = %v; want a *DecodeError", c.Name(), data, err)
		}
		for cause := err; cause != nil; cause = errors.Unwrap(cause) {
			if strings.Contains(cause.Error(), "secret") || strings.Contains(fmt.Sprintf("%+v", cause), "secret") {
				t.Errorf("%s: Decode(%q) = %v, which quotes the payload", c.Name(), data, cause)
			}
		}
		if sentinel != nil && !errors.Is(err, sentinel) {
			t.Errorf("%s: Decode(%q) = %v; want it to match %v", c.Name(), data, err, sentinel)
		}
	}
	check(Auto, "secret", new(int), nil)
	check(Auto, "secret", new(float64), nil)
	check(Auto, "secret", new(bool), nil)
	check(Auto, "secret", new(time.Time), nil)
	check(Auto, "secret", new(level), nil)
	check(Auto, "secret", new(quarrelsome), errQuarrel)
	check(Auto, "panic secret", new(quarrelsome), nil)
	check(Auto, "runtime secret", new(quarrelsome), nil)
	check(Auto, "\xa6secret", new([]int), nil)
	check(Auto, "\x81\xa1Q\xa6secret", new(holder), errQuarrel)
	check(Auto, "\x81\xa1Q\xacpanic secret", new(holder), nil)
	check(JSON, `"secret"`, new(int), nil)
	check(JSON, "secret", new(int), nil)
	check(JSON, `{"Q":"secret"}`, new(holder), errQuarrel)
	check(Limit(Auto, 3), "secret", new(string), ErrTooLarge)
	check(Sign(Auto, testRing()), "secret", new(string), ErrSignature)
	check(Compress(Auto, 3), "secret", new(string), nil)

	if err := JSON.Decode([]byte(`{"Q":1}`), new(holder)); err == nil {
		t.Error("want an error")
	} else if _, ok := errors.AsType[*json.UnmarshalTypeError](err); !ok {
		t.Errorf("%v; want errors.As to reach the cause", err)
	}
	if _, err := Auto.Append(nil, quarrelsome{1}); !errors.Is(err, errQuarrel) || !strings.Contains(err.Error(), "quarrelsome") {
		t.Errorf("Append = %v; want the marshaler's own error and the type", err)
	}
	for _, v := range []any{quarrelsome{2}, holder{quarrelsome{2}}} {
		if _, err := Auto.Append(nil, v); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("Append of a panic = %v; want an error without the payload", err)
		}
	}
}

func TestDecodeErrorText(t *testing.T) {
	err := &DecodeError{Key: "carts", Field: "42", Type: "Cart", Codec: "auto", Err: ErrTooLarge}
	const want = `codec: cannot decode Cart with auto at key "carts" field "42": codec: value too large`
	if err.Error() != want {
		t.Errorf("Error() = %s; want %s", err, want)
	}
	if (&DecodeError{}).Error() == "" {
		t.Error("the zero DecodeError has no text")
	}
}
