package codec

//lint:file-ignore U1000 the types under test have fields that only reflection sees

import (
	"encoding/json"
	"math/big"
	"net/netip"
	"testing"
	"time"
)

// quantity has an unexported field that only its JSON methods store, and an exported
// field.
type quantity struct {
	n      int64
	Format string
}

func (q quantity) MarshalJSON() ([]byte, error)  { return json.Marshal(q.n) }
func (q *quantity) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, &q.n) }

// outcome has only one of the two JSON methods.
type outcome struct {
	v     int
	Error error
}

func (o outcome) MarshalJSON() ([]byte, error) { return json.Marshal(o.v) }

// reading has JSON methods and no unexported field.
type reading struct{ Celsius float64 }

func (r reading) MarshalJSON() ([]byte, error)  { return json.Marshal(r.Celsius) }
func (r *reading) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, &r.Celsius) }

// color is a number with a name in JSON.
type color int

func (c color) MarshalJSON() ([]byte, error) { return json.Marshal([]string{"red", "blue"}[c]) }
func (c *color) UnmarshalJSON(b []byte) error {
	*c = 0
	if string(b) == `"blue"` {
		*c = 1
	}
	return nil
}

// gobbed has methods for encoding/gob only. message looks like a protobuf message.
type (
	gobbed struct {
		A int
		b int
	}
	message struct {
		state struct{ unknown []byte }
		Name  string
	}
)

func (g gobbed) GobEncode() ([]byte, error)    { return nil, nil }
func (g *gobbed) GobDecode(b []byte) error     { return nil }
func (m *message) ProtoReflect() (_ *struct{}) { return nil }

// TestMethodsOfOtherFormats checks that a type with unexported fields, and with methods
// for a format that the codec does not use, is refused, and that the error names a
// remedy.
func TestMethodsOfOtherFormats(t *testing.T) {
	for _, c := range []Codec{Auto, Msgpack} {
		unsupportedValue[quantity](t, c, "field n would be lost: only its MarshalJSON can store it. Use codec.JSON, or give it MarshalText and UnmarshalText")
		unsupportedValue[outcome](t, c, "field v would be lost")
		unsupportedValue[[]quantity](t, c, "MarshalJSON")
		unsupportedValue[map[string]*quantity](t, c, "MarshalJSON")
		unsupportedValue[struct{ Q quantity }](t, c, "MarshalJSON")
		unsupportedValue[struct{ quantity }](t, c, "MarshalJSON")
		unsupportedValue[gobbed](t, c, "GobEncode")
		unsupportedValue[*message](t, c, "ProtoReflect can store it. Store the result of proto.Marshal, or write a codec")
		if _, err := c.Append(nil, []any{quantity{n: 5}}); err == nil {
			t.Errorf("%s: a quantity in an interface is stored", c.Name())
		}
	}
	unsupportedValue[gobbed](t, JSON, "GobEncode")
	unsupportedValue[*message](t, JSON, "ProtoReflect")
	unsupportedValue[outcome](t, JSON, "half a pair")

	roundTrip(t, "nothing hidden", reading{36.5})
	roundTrip(t, "a number with a name in JSON", []color{0, 1})
	roundTrip(t, "raw JSON", json.RawMessage(`{}`))
	roundTrip(t, "a JSON number", json.Number("5"))
}

type (
	when struct{ time.Time }
	seen struct {
		time.Time
		By string
	}
	seenByHidden struct {
		time.Time
		by string
	}
	seenElsewhere struct {
		time.Time
		By string `msgpack:"-" json:"-"`
	}
	seenDeep   struct{ seen }
	seenBehind struct {
		*time.Time
		By string
	}
	seenOf[T any] struct {
		time.Time
		By T
	}
	counted struct { // methods of a pointer
		big.Int
		N int
	}
	sized struct { // binary methods only
		point
		N int
	}
	warmed struct { // msgpack methods only
		celsius
		N int
	}
	made struct { // methods of msgp
		generated
		Kind int
	}
	faced struct {
		json.Marshaler
		json.Unmarshaler
		By string
	}
	// seenItself declares its own methods, which store both fields.
	seenItself struct {
		time.Time
		By string
	}
	seenItselfOf[T any] struct {
		netip.Addr
		By T
	}
)

func (s seenItself) MarshalText() ([]byte, error) {
	return s.AppendFormat([]byte(s.By), time.RFC3339), nil
}

func (s *seenItself) UnmarshalText(b []byte) (err error) {
	n := len(b) - len("2024-02-29T00:00:00Z")
	s.By = string(b[:n])
	s.Time, err = time.Parse(time.RFC3339, string(b[n:]))
	return err
}

func (s seenItself) AppendText(b []byte) ([]byte, error) {
	text, err := s.MarshalText()
	return append(b, text...), err
}
func (s seenItself) MarshalBinary() ([]byte, error)  { return s.MarshalText() }
func (s *seenItself) UnmarshalBinary(b []byte) error { return s.UnmarshalText(b) }
func (s seenItself) MarshalJSON() ([]byte, error) {
	t, _ := s.MarshalText()
	return json.Marshal(string(t))
}
func (s *seenItself) UnmarshalJSON(b []byte) error      { return s.UnmarshalText(b[1 : len(b)-1]) }
func (s *seenItselfOf[T]) MarshalText() ([]byte, error) { return json.Marshal(s.By) }
func (s *seenItselfOf[T]) UnmarshalText(b []byte) error { return json.Unmarshal(b, &s.By) }
func (s *seenItselfOf[T]) AppendText(b []byte) ([]byte, error) {
	text, err := s.MarshalText()
	return append(b, text...), err
}
func (s *seenItselfOf[T]) MarshalBinary() ([]byte, error) { return s.MarshalText() }
func (s *seenItselfOf[T]) UnmarshalBinary(b []byte) error { return s.UnmarshalText(b) }

// TestMethodsOfEmbeddedTypes checks promoted methods, which store only the embedded type.
// A struct with other fields is refused.
func TestMethodsOfEmbeddedTypes(t *testing.T) {
	for _, c := range []Codec{Auto, Msgpack, JSON} {
		unsupportedValue[seen](t, c, "from the embedded time.Time, so field By would be lost")
		unsupportedValue[seenDeep](t, c, "from the embedded time.Time, so field By would be lost")
		unsupportedValue[seenBehind](t, c, "from the embedded *time.Time, so field By would be lost")
		unsupportedValue[seenOf[int]](t, c, "from the embedded time.Time, so field By would be lost")
		unsupportedValue[struct {
			time.Time
			By string
		}](t, c, "would be lost")
		unsupportedValue[[]seen](t, c, "would be lost")
		unsupportedValue[map[string]*seen](t, c, "would be lost")
		unsupportedValue[struct{ S seen }](t, c, "would be lost")
		unsupportedValue[counted](t, c, "from the embedded big.Int, so field N would be lost")
	}
	for _, c := range []Codec{Auto, Msgpack} {
		unsupportedValue[sized](t, c, "MarshalBinary is promoted from the embedded codec.point, so field N would be lost")
		unsupportedValue[warmed](t, c, "MarshalMsgpack is promoted from the embedded codec.celsius, so field N would be lost")
	}
	unsupportedValue[made](t, Auto, "MarshalMsg is promoted from the embedded codec.generated, so field Kind would be lost")
	unsupportedValue[seen](t, Text, "would be lost")
	unsupportedValue[faced](t, JSON, "would be lost")
	unsupportedKey[seen](t, nil, "would be lost")
	unsupportedKey[struct{ S seen }](t, nil, "would be lost")

	at := time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)
	for _, c := range []Codec{Auto, Msgpack, JSON} {
		returns(t, c, when{at})
		returns(t, c, seenElsewhere{Time: at})
		returns(t, c, []seenItself{{at, "ada"}})
		returns(t, c, seenItself{at, "ada"})
		returns(t, c, []seenItselfOf[int]{{By: 5}})
		returns(t, c, struct {
			At time.Time
			By string
		}{at, "ada"})
	}
	returns(t, Auto, seenByHidden{Time: at}) // as by fields: what is unexported is not stored
}

func returns[T any](t *testing.T, c Codec, v T) {
	t.Helper()
	typed, err := Values[T](c)
	if err != nil {
		t.Errorf("%s of %T: %v", c.Name(), v, err)
		return
	}
	data, err := typed.Append(nil, v)
	if err != nil {
		t.Errorf("%s of %T: %v", c.Name(), v, err)
		return
	}
	if back, err := typed.Decode(data); err != nil || !same(back, v) {
		t.Errorf("%s of %T: %q is %+v, %v; want %+v", c.Name(), v, data, back, err, v)
	}
}
