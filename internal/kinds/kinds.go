// Package kinds checks the guarantee of the codecs for many types: a value that is stored
// is decoded as an equal value, or is refused with a reason.
package kinds

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/desir-go/desir/codec"
)

// Codecs returns the codecs that are checked.
func Codecs() []codec.Codec { return []codec.Codec{codec.Auto, codec.Msgpack, codec.JSON} }

// Stored, if it is set, is called with the bytes of each value that codec.Msgpack stores.
var Stored func(t *testing.T, typ reflect.Type, out []byte)

func stored(t *testing.T, c codec.Codec, typ reflect.Type, out []byte) {
	t.Helper()
	if c == codec.Msgpack && Stored != nil {
		Stored(t, typ, out)
	}
}

// Check stores values of a type, and its zero value, in every position in which a value
// can occur. Each value must be decoded as an equal value, or be refused: its type when
// the codec is resolved, or the value when it is encoded. storedBy lists the names of the
// codecs that must store the type; "all" stands for all of them.
func Check[T any](t *testing.T, storedBy string, values ...T) {
	t.Helper()
	var zero T
	values = append(values, zero)
	typ := reflect.TypeFor[T]()
	name := typ.String()
	t.Run(name[:min(len(name), 60)], func(t *testing.T) {
		t.Helper()
		for _, c := range Codecs() {
			want := strings.Contains(storedBy, c.Name()) || storedBy == "all"
			if _, err := codec.Values[T](c); (err == nil) != want {
				t.Errorf("%s of %v: %v; want it stored: %v", c.Name(), typ, err, want)
			}
			p := places{t, c, typ}
			for i := range values {
				typedBack(t, c, values[i])
				p.everywhere(reflect.ValueOf(&values[i]).Elem())
			}
			p.keys(reflect.ValueOf(values))
		}
	})
}

// typedBack stores and decodes a value with the functions that collections use.
func typedBack[T any](t *testing.T, c codec.Codec, v T) {
	t.Helper()
	typed, err := codec.Values[T](c)
	if err != nil {
		refused(t, c, v, err)
		return
	}
	out, err := typed.Append(nil, v)
	if err != nil {
		refused(t, c, v, err)
		return
	}
	stored(t, c, reflect.TypeFor[T](), out)
	again, err := typed.Decode(out)
	text := byteText(reflect.TypeFor[T]())
	if err != nil {
		t.Errorf("%s of %T: %q is stored and cannot be read: %v", c.Name(), v, out, err)
	} else if !Equal(v, again, text) {
		t.Errorf("%s of %T: %q is read as %s; want %s", c.Name(), v, out, show(again), show(v))
	} else if loose, err := c.Append(nil, v); reflect.TypeOf(v) == reflect.TypeFor[T]() && (err != nil || !bytes.Equal(loose, out)) {
		t.Errorf("%s of %T: %q, and untyped %q, %v", c.Name(), v, out, loose, err)
	}
}

// places stores values of a type in every position. The types around them are made by
// reflection, because as instances of generic types they take minutes to compile.
type places struct {
	t   *testing.T
	c   codec.Codec
	typ reflect.Type
}

func (p places) everywhere(v reflect.Value) {
	p.t.Helper()
	zero := reflect.Zero(p.typ)
	p.back(v, false)
	p.back(slice(p.typ, v, zero, v), false)
	p.back(slice(p.typ), false)
	array := reflect.New(reflect.ArrayOf(2, p.typ)).Elem()
	array.Index(0).Set(v)
	p.back(array, false)
	entries := mapOf(p.typ, v, zero)
	p.back(entries, false)
	p.back(slice(entries.Type(), entries, reflect.Zero(entries.Type())), false)
	p.back(record(`msgpack:"v" json:"v"`, "", v), false)
	p.back(slice(record("", "", v).Type(), record("", "", v), record("", "", zero)), false)
	p.back(record("", "", record("", "", v)), false)
	p.back(record("", `msgpack:",as_array"`, v), false)
	left := record(omittedTag, "", v)
	p.back(left, true)
	p.back(record("", `msgpack:",omitempty"`, v), true)
	p.back(record(omittedTag, "", left), true)
	p.back(record(omittedTag, "", slice(p.typ, v)), true)
	none := reflect.Zero(reflect.PointerTo(p.typ))
	p.back(none, false)
	p.back(record(omittedTag, "", none), true)
	if !pointsAtNil(v) && !(p.c == codec.JSON && null(v)) && !(p.c != codec.JSON && nothing(v)) {
		ptr := pointer(v)
		p.back(ptr, false)
		p.back(pointer(ptr), false)
		p.back(slice(ptr.Type(), ptr, none), false)
		p.back(mapOf(ptr.Type(), ptr, none), false)
		p.back(record("", "", ptr), false)
		p.back(record(omittedTag, "", ptr), true)
		p.inside(ptr)
	}
	p.inside(v)
	p.inside(slice(p.typ, v))
	p.inside(entries)
	p.inside(record("", "", v))
}

const omittedTag = `msgpack:",omitempty" json:",omitempty"`

func slice(t reflect.Type, values ...reflect.Value) reflect.Value {
	return reflect.Append(reflect.MakeSlice(reflect.SliceOf(t), 0, len(values)), values...)
}

func mapOf(t reflect.Type, values ...reflect.Value) reflect.Value {
	m := reflect.MakeMap(reflect.MapOf(reflect.TypeFor[string](), t))
	for i, v := range values {
		m.SetMapIndex(reflect.ValueOf(fmt.Sprint("key", i)), v)
	}
	return m
}

func pointer(v reflect.Value) reflect.Value {
	p := reflect.New(v.Type())
	p.Elem().Set(v)
	return p
}

// record returns a struct with a field V, which has a tag, and another field. whole is
// the msgpack tag of the struct itself, and may be empty.
func record(tag, whole reflect.StructTag, v reflect.Value) reflect.Value {
	fields := []reflect.StructField{{Name: "V", Type: v.Type(), Tag: tag}, {Name: "N", Type: reflect.TypeFor[int](), Tag: tag}}
	if whole != "" {
		fields = append([]reflect.StructField{{Name: "_msgpack", PkgPath: "kinds", Type: reflect.TypeFor[struct{}](), Tag: whole}}, fields...)
	}
	if strings.Contains(string(tag), "json:\"v\"") {
		fields[1].Tag = ""
	}
	s := reflect.New(reflect.StructOf(fields)).Elem()
	s.FieldByName("V").Set(v)
	return s
}

// byteText reports whether t is a byte slice. A nil and an empty one have the same text.
func byteText(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8
}

// null reports whether JSON writes v as null. A pointer to such a value is read as nil.
func null(v reflect.Value) bool {
	if !v.CanInterface() {
		return false
	}
	out, err := json.Marshal(pointer(v).Interface())
	return err == nil && string(out) == "null"
}

// nothing reports whether methods write v as nothing, and cannot read it from nothing. A
// pointer to such a value is read as nil.
func nothing(v reflect.Value) bool {
	m, ok := pointer(v).Interface().(encoding.BinaryMarshaler)
	if !ok {
		return false
	}
	data, err := m.MarshalBinary()
	u, ok := reflect.New(v.Type()).Interface().(encoding.BinaryUnmarshaler)
	return err == nil && data == nil && ok && u.UnmarshalBinary([]byte{}) != nil
}

// pointsAtNil reports whether v is nil. A pointer to such a value is stored as nil.
func pointsAtNil(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Func, reflect.Chan, reflect.Interface:
		return v.IsNil()
	}
	return false
}

// keys stores values as keys of a map, if their type allows it. It excludes types that
// contain pointers, because decoded pointers are different keys.
func (p places) keys(values reflect.Value) {
	p.t.Helper()
	if !p.typ.Comparable() || pointing(p.typ, map[reflect.Type]bool{}) {
		return
	}
	m := reflect.MakeMap(reflect.MapOf(p.typ, reflect.TypeFor[int]()))
	for i := range values.Len() {
		if k := values.Index(i); k.Comparable() && k.Equal(k) { // no NaN
			m.SetMapIndex(k, reflect.ValueOf(i))
		}
	}
	p.back(m, false)
}

func pointing(t reflect.Type, seen map[reflect.Type]bool) bool {
	if t.Kind() == reflect.Interface {
		return t == reflect.TypeFor[error]()
	}
	if t.Kind() == reflect.Pointer {
		return t != reflect.TypeFor[*time.Location]()
	}
	if t.Kind() != reflect.Struct || seen[t] || strings.HasPrefix(t.PkgPath(), "net") {
		return false
	}
	seen[t] = true
	for i := range t.NumField() {
		if pointing(t.Field(i).Type, seen) {
			return true
		}
	}
	return false
}

// back stores and decodes a value.
func (p places) back(v reflect.Value, omits bool) {
	p.t.Helper()
	held := v.Interface()
	static := v.Type()
	if static.Kind() == reflect.Interface {
		v, static = pointer(v), reflect.PointerTo(static)
		if held == nil {
			return
		}
		held = v.Interface()
	}
	out, err := p.c.Append(nil, held)
	if err != nil {
		refused(p.t, p.c, held, err)
		return
	}
	stored(p.t, p.c, static, out)
	again := reflect.New(static)
	if err := p.c.Decode(out, again.Interface()); err != nil {
		p.t.Errorf("%s of %T: %q is stored and cannot be read: %v", p.c.Name(), held, out, err)
		return
	}
	text := byteText(static)
	sameKeys := static.Kind() == reflect.Map && static.Key() == p.typ && v.Len() == again.Elem().Len() // their bytes are compared
	if !sameKeys && !Equal(held, again.Elem().Interface(), omits || text) {
		p.t.Errorf("%s of %T: %q is read as %s; want %s", p.c.Name(), held, out, show(again.Elem()), show(held))
	}
	exact := sameKeys || deterministic(p.c) && !omits && reflect.DeepEqual(held, again.Elem().Interface())
	if once, err := p.c.Append(nil, again.Elem().Interface()); err != nil || exact && !bytes.Equal(once, out) {
		p.t.Errorf("%s of %T: what was read is %q, %v; it was %q", p.c.Name(), held, once, err, out)
	}
}

func deterministic(c codec.Codec) bool { return c.Name() != "json" }

// inside stores a value in interfaces. It is decoded without its type. The decoded value
// is right if its bytes are decoded as the original value.
func (p places) inside(v reflect.Value) {
	p.t.Helper()
	held := v.Interface()
	p.bare(held)
	p.loose([]any{held}, func(in any) any { return in.([]any)[0] }, held)
	p.loose(map[string]any{"V": held}, func(in any) any { return in.(map[string]any)["V"] }, held)
	p.loose(struct{ V any }{held}, func(in any) any { return in.(struct{ V any }).V }, held)
	p.loose(map[string][]any{"V": {held}}, func(in any) any { return in.(map[string][]any)["V"][0] }, held)
}

// bare stores an interface by itself.
func (p places) bare(v any) {
	p.t.Helper()
	typed, _ := codec.Values[any](p.c)
	out, err := typed.Append(nil, v)
	if err != nil {
		refused(p.t, p.c, v, err)
		return
	}
	again, err := typed.Decode(out)
	if err != nil {
		p.t.Errorf("%s of %T in an interface: %q is stored and cannot be read: %v", p.c.Name(), v, out, err)
		return
	}
	recovered(p.t, p.c, out, again, v)
}

// loose stores a container of interfaces. held returns the decoded value in it.
func (p places) loose(in any, held func(any) any, v any) {
	p.t.Helper()
	out, err := p.c.Append(nil, in)
	if err != nil {
		refused(p.t, p.c, in, err)
		return
	}
	again := reflect.New(reflect.TypeOf(in))
	if err := p.c.Decode(out, again.Interface()); err != nil {
		p.t.Errorf("%s of %T in %T: %q is stored and cannot be read: %v", p.c.Name(), v, in, out, err)
		return
	}
	recovered(p.t, p.c, out, held(again.Elem().Interface()), v)
}

// recovered encodes what was decoded into an interface, decodes it as the type of v, and
// compares the result with v.
func recovered(t *testing.T, c codec.Codec, out []byte, held, v any) {
	t.Helper()
	if v == nil {
		if held != nil {
			t.Errorf("%s: nil in an interface is %v", c.Name(), held)
		}
		return
	}
	inner := c
	if c == codec.Auto {
		inner = codec.Msgpack
	}
	once, err := inner.Append(nil, held)
	if err != nil {
		t.Errorf("%s of %T in an interface: %q is %T, which is refused: %v", c.Name(), v, out, held, err)
		return
	}
	again := reflect.New(reflect.TypeOf(v))
	if err := inner.Decode(once, again.Interface()); err != nil {
		t.Errorf("%s of %T in an interface: %q became %q, which cannot be read: %v", c.Name(), v, out, once, err)
	} else if !Equal(v, again.Elem().Interface(), false) {
		t.Errorf("%s of %T in an interface: %q is %s; want %s", c.Name(), v, out, show(again.Elem().Interface()), show(v))
	}
}

// refused checks that an error matches ErrUnsupported, with a reason, or ErrTooLarge.
func refused(t *testing.T, c codec.Codec, v any, err error) {
	t.Helper()
	if !errors.Is(err, codec.ErrUnsupported) && !errors.Is(err, codec.ErrTooLarge) {
		t.Errorf("%s of %T: %v; want ErrUnsupported", c.Name(), v, err)
	} else if _, why, _ := strings.Cut(err.Error(), codec.ErrUnsupported.Error()+": "); errors.Is(err, codec.ErrUnsupported) && len(why) < 10 {
		t.Errorf("%s of %T: %v; want a reason", c.Name(), v, err)
	}
}

func show(v any) string {
	s := fmt.Sprintf("%+v", v)
	return s[:min(len(s), 300)]
}

// Equal compares a value with the decoded value. If loose, nil and empty are equal.
func Equal(a, b any, loose bool) bool {
	if reflect.DeepEqual(a, b) {
		return true
	}
	options := []cmp.Option{
		cmp.Exporter(func(reflect.Type) bool { return true }),
		cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) }),
		cmp.Comparer(func(a, b big.Int) bool { return a.Cmp(&b) == 0 }),
		cmp.Comparer(func(a, b *big.Int) bool { return a == b || a != nil && b != nil && a.Cmp(b) == 0 }),
		cmp.Comparer(func(a, b big.Rat) bool { return a.Cmp(&b) == 0 }),
		cmp.Comparer(func(a, b *big.Rat) bool { return a == b || a != nil && b != nil && a.Cmp(b) == 0 }),
		cmp.Comparer(func(a, b big.Float) bool { return a.Text('g', 12) == b.Text('g', 12) }),
		cmp.Comparer(func(a, b *big.Float) bool {
			return a == b || a != nil && b != nil && a.Text('g', 12) == b.Text('g', 12)
		}),
		cmp.Comparer(func(a, b regexp.Regexp) bool { return a.String() == b.String() }),
		cmp.Comparer(func(a, b *regexp.Regexp) bool { return a == b || a != nil && b != nil && a.String() == b.String() }),
		cmp.Comparer(func(a, b float64) bool { return a == b || a != a && b != b }),
		cmp.Comparer(func(a, b float32) bool { return a == b || a != a && b != b }),
		cmp.Comparer(func(a, b json.RawMessage) bool { return string(a) == string(b) || len(a)+len(b) == len("null") }),
		cmp.Comparer(func(a, b json.Number) bool { return a == b || a+b == "0" }), // encoding/json writes none as 0
		cmp.Comparer(func(a, b error) bool { return a == nil && b == nil || a != nil && b != nil && a.Error() == b.Error() }),
	}
	if loose {
		options = append(options, cmp.FilterValues(bothEmpty, cmp.Ignore()))
	}
	return cmp.Equal(a, b, options...)
}

func bothEmpty(a, b any) bool {
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	if !x.IsValid() || !y.IsValid() || x.Type() != y.Type() {
		return false
	}
	switch x.Kind() {
	case reflect.Slice, reflect.Map:
		return x.Len() == 0 && y.Len() == 0
	}
	return false
}
