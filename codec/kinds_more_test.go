package codec_test

//lint:file-ignore U1000 the types under test have fields that only reflection sees

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/desir-go/desir/internal/kinds"
)

type (
	base struct {
		ID   int
		Name string
	}
	Exported struct{ A, B int }
	tree     struct {
		Name string
		Kids []tree
	}
	node struct {
		V    int
		Next *node
	}
	nest           map[string]nest
	forest         []forest
	ping           struct{ Pong *pong }
	pong           struct{ Pings []ping }
	pair[A, B any] struct {
		First  A
		Second B
	}
	generic[T any] struct {
		Items []T
		Index map[string]T
		Self  *generic[T]
	}
	tagged struct {
		A int    `msgpack:"a" json:"a"`
		B string `msgpack:"b,omitempty" json:"b,omitempty"`
		C bool   `msgpack:"-" json:"-"`
		D int64  `msgpack:"d" json:"d,string"`
	}
	alias struct {
		Now string `msgpack:"now,alias:before"`
	}
	mixed struct {
		A int
		b int
	}
	locked struct {
		mu sync.Mutex
		A  int
	}
	lockedBad struct {
		sync.Mutex
		A int
	}
	embeds struct {
		base
		N int
	}
	embedsExported struct {
		Exported
		N int
	}
	embedsNamed struct {
		Exported `msgpack:"e" json:"e"`
		N        int
	}
	embedsPointer struct {
		*base
		N int
	}
	embedsExportedPointer struct {
		*Exported
		N int
	}
	embedsDeep struct {
		embeds
		M int
	}
	embedsTwo struct {
		Exported
		base
	}
	embedsShadowed struct {
		Exported
		A int
	}
	embedsShadowedLater struct {
		A int
		Exported
	}
	embedsTime struct {
		time.Time
		N int
	}
	embedsTimeAlone struct{ time.Time }
	embedsDuration  struct {
		time.Duration
		N int
	}
	embedsString struct {
		word
		N int
	}
	embedsWord struct {
		Word
		N int
	}
	embedsSlice struct {
		Words
		N int
	}
	embedsMap struct {
		Index
		N int
	}
	embedsAny struct {
		Any
		N int
	}
	embedsTwoTexts struct {
		time.Time
		netip.Addr
	}
	embedsBig struct {
		*big.Int
	}
	embedsGeneric struct {
		pair[int, string]
		N int
	}
	embedsMutexTagged struct {
		sync.Mutex `msgpack:"-" json:"-"`
		A          int
	}
	word  string
	Word  string
	Words []string
	Index map[string]int
	Any   any
)

func TestKindsOfStructs(t *testing.T) {
	kinds.Check(t, all, base{1, "x"})
	kinds.Check(t, all, tree{"a", []tree{{"b", nil}, {"c", []tree{}}}})
	kinds.Check(t, all, node{1, &node{2, nil}})
	kinds.Check(t, all, nest{"a": {"b": nil, "c": {}}})
	kinds.Check(t, all, forest{{}, nil, {{}}})
	kinds.Check(t, all, ping{&pong{[]ping{{}, {&pong{}}}}})
	kinds.Check(t, all, pair[int, *string]{1, nil})
	kinds.Check(t, all, pair[pair[time.Time, []byte], map[int]bool]{pair[time.Time, []byte]{time.Unix(1, 0).UTC(), []byte("x")}, map[int]bool{1: true}})
	kinds.Check(t, all, generic[netip.Addr]{[]netip.Addr{netip.MustParseAddr("::1")}, map[string]netip.Addr{"a": {}}, &generic[netip.Addr]{}})
	kinds.Check(t, all, tagged{A: 1, B: "x", D: math.MaxInt64})
	kinds.Check(t, all, alias{"x"})
	kinds.Check(t, all, mixed{A: 1})
	kinds.Check(t, all, &locked{A: 1})
	kinds.Check(t, none, &lockedBad{A: 1})
	kinds.Check(t, all, struct{}{})
	kinds.Check(t, all, struct{ A, B struct{} }{})
	kinds.Check(t, all, struct {
		A struct{ B struct{ C int } }
		D []struct{ E *int }
	}{})
	kinds.Check(t, all, embeds{base{1, "x"}, 2})
	kinds.Check(t, all, embedsExported{Exported{1, 2}, 3})
	kinds.Check(t, all, embedsNamed{Exported{1, 2}, 3})
	kinds.Check(t, none, embedsPointer{&base{1, "x"}, 2})
	kinds.Check(t, "json", embedsExportedPointer{&Exported{1, 2}, 2})
	kinds.Check(t, all, embedsDeep{embeds{base{1, "x"}, 2}, 3})
	kinds.Check(t, all, embedsTwo{Exported{1, 2}, base{3, "x"}})
	kinds.Check(t, none, embedsShadowed{Exported{1, 2}, 3})
	kinds.Check(t, packs, embedsShadowedLater{1, Exported{2, 3}})
	kinds.Check(t, none, embedsTime{time.Unix(1, 0), 2})
	kinds.Check(t, all, embedsTimeAlone{time.Unix(1, 0).UTC()})
	kinds.Check(t, all, embedsDuration{time.Second, 2})
	kinds.Check(t, none, embedsString{"x", 2})
	kinds.Check(t, all, embedsWord{"x", 2})
	kinds.Check(t, all, embedsSlice{Words{"x"}, 2})
	kinds.Check(t, all, embedsMap{Index{"x": 1}, 2})
	kinds.Check(t, all, embedsAny{"x", 2})
	kinds.Check(t, packs, embedsTwoTexts{time.Unix(1, 0).UTC(), netip.MustParseAddr("::1")})
	kinds.Check(t, none, embedsBig{big.NewInt(5)})
	kinds.Check(t, all, embedsGeneric{pair[int, string]{1, "x"}, 2})
	kinds.Check(t, all, &embedsMutexTagged{A: 1})
}

func TestKindsOfContainers(t *testing.T) {
	kinds.Check(t, all, []string{"a", ""}, []string{})
	kinds.Check(t, all, [][]byte{nil, {}, {1}})
	kinds.Check(t, all, [][]int{nil, {}, {1}})
	kinds.Check(t, all, []bool{true})
	kinds.Check(t, all, []float32{1.5})
	kinds.Check(t, all, []*int{nil, new(int)})
	kinds.Check(t, all, []any{nil, "x"}, []any{})
	kinds.Check(t, all, []struct{}{{}})
	kinds.Check(t, all, []uint8{1, 2})
	kinds.Check(t, all, []word{"a"})
	kinds.Check(t, all, [0]int{})
	kinds.Check(t, all, [3]string{"a", "", "c"})
	kinds.Check(t, all, [4]byte{1, 2, 3, 4})
	kinds.Check(t, all, [2][2]int{{1, 2}, {3, 4}})
	kinds.Check(t, all, [1]any{"x"})
	kinds.Check(t, all, [2]uint64{math.MaxUint64})
	kinds.Check(t, all, map[string]string{"a": "b", "": ""}, map[string]string{})
	kinds.Check(t, all, map[string]any{"a": nil, "b": "x"})
	kinds.Check(t, all, map[string]bool{"a": true})
	kinds.Check(t, all, map[string][]byte{"a": {1}, "b": nil})
	kinds.Check(t, all, map[string]struct{}{"a": {}})
	kinds.Check(t, all, map[string]map[string]int{"a": {"b": 1}, "c": nil})
	kinds.Check(t, packs, map[bool]int{true: 1, false: 0})
	kinds.Check(t, all, map[int]string{-1: "a", 300: "b"})
	kinds.Check(t, all, map[uint8]string{255: "b"})
	kinds.Check(t, all, map[int64]int64{math.MinInt64: math.MaxInt64})
	kinds.Check(t, packs, map[float64]int{1.5: 1, math.Inf(1): 2})
	kinds.Check(t, all, map[word]int{"a": 1})
	kinds.Check(t, packs, map[[2]int]string{{1, 2}: "a"})
	kinds.Check(t, packs, map[base]string{{1, "x"}: "a"})
	kinds.Check(t, all, map[time.Time]int{time.Unix(1, 0).UTC(): 1})
	kinds.Check(t, all, map[netip.Addr]int{netip.MustParseAddr("::1"): 1, {}: 2})
	kinds.Check(t, all, map[uuid]int{{1}: 1})
	kinds.Check(t, all, map[time.Duration]int{time.Second: 1})
	kinds.Check(t, all, map[fixed]int{5: 1})
	kinds.Check(t, packs, map[any]int{"a": 1, true: 2})
	kinds.Check(t, none, map[chan int]int{})
	kinds.Check(t, none, map[fmt.Stringer]int{})
	kinds.Check(t, all, new(int))
	kinds.Check(t, all, new(string))
	kinds.Check(t, all, &[]string{"a"})
	kinds.Check(t, all, &map[string]int{"a": 1})
}

// Half pairs of methods, and pairs with one receiver or the other.
type (
	halfText        struct{ A int }
	halfTextRead    struct{ A int }
	halfBinary      struct{ A int }
	halfBinaryRead  struct{ A int }
	halfJSON        struct{ A int }
	halfJSONRead    struct{ A int }
	halfMsgpack     struct{ A int }
	halfMsgpackRead struct{ A int }
	halfEncode      struct{ A int }
	halfIntText     int
	halfIntJSON     int
	textByPointer   struct{ word string }
	jsonByPointer   struct{ A int }
	binaryOnly      struct{ a, b byte }
	msgpackOnly     struct{ a byte }
	zeroer          struct{ A int }
	textThenJSON    struct{ A int }
)

func (halfText) MarshalText() ([]byte, error)             { return []byte("x"), nil }
func (*halfTextRead) UnmarshalText([]byte) error          { return nil }
func (halfBinary) MarshalBinary() ([]byte, error)         { return []byte("x"), nil }
func (*halfBinaryRead) UnmarshalBinary([]byte) error      { return nil }
func (halfJSON) MarshalJSON() ([]byte, error)             { return []byte(`{"A":0}`), nil }
func (*halfJSONRead) UnmarshalJSON([]byte) error          { return nil }
func (halfMsgpack) MarshalMsgpack() ([]byte, error)       { return []byte{1}, nil }
func (*halfMsgpackRead) UnmarshalMsgpack([]byte) error    { return nil }
func (halfEncode) EncodeMsgpack(e *msgpack.Encoder) error { return e.EncodeInt(1) }
func (halfIntText) MarshalText() ([]byte, error)          { return []byte("one"), nil }
func (halfIntJSON) MarshalJSON() ([]byte, error)          { return []byte(`"one"`), nil }
func (t *textByPointer) MarshalText() ([]byte, error)     { return []byte("<" + t.word + ">"), nil }
func (t *textByPointer) UnmarshalText(b []byte) error     { t.word = string(b[1 : len(b)-1]); return nil }

func (j *jsonByPointer) MarshalJSON() ([]byte, error)  { return fmt.Appendf(nil, "[%d]", j.A), nil }
func (j *jsonByPointer) UnmarshalJSON(b []byte) error  { return json.Unmarshal(b, &[]any{&j.A}) }
func (b binaryOnly) MarshalBinary() ([]byte, error)    { return []byte{b.a, b.b}, nil }
func (b *binaryOnly) UnmarshalBinary(d []byte) error   { b.a, b.b = d[0], d[1]; return nil }
func (m msgpackOnly) MarshalMsgpack() ([]byte, error)  { return []byte{m.a & 0x7f}, nil }
func (m *msgpackOnly) UnmarshalMsgpack(d []byte) error { m.a = d[0]; return nil }
func (z zeroer) IsZero() bool                          { return z.A == 0 }
func (t textThenJSON) MarshalText() ([]byte, error)    { return fmt.Appendf(nil, "%d", t.A), nil }

func (t *textThenJSON) UnmarshalText(b []byte) error {
	_, err := fmt.Sscanf(string(b), "%d", &t.A)
	return err
}
func (t *textThenJSON) MarshalJSON() ([]byte, error) { return fmt.Appendf(nil, "[%d]", t.A), nil }
func (t *textThenJSON) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, &[]any{&t.A}) }

func TestKindsOfMethods(t *testing.T) {
	kinds.Check(t, none, halfText{1})
	kinds.Check(t, none, halfTextRead{1})
	kinds.Check(t, "json", halfBinary{1})
	kinds.Check(t, "json", halfBinaryRead{1})
	kinds.Check(t, packs, halfJSON{1})
	kinds.Check(t, packs, halfJSONRead{1})
	kinds.Check(t, "json", halfMsgpack{1})
	kinds.Check(t, "json", halfMsgpackRead{1})
	kinds.Check(t, "json", halfEncode{1})
	kinds.Check(t, "auto", halfIntText(1))
	kinds.Check(t, packs, halfIntJSON(1))
	kinds.Check(t, all, textByPointer{"x"})
	kinds.Check(t, all, jsonByPointer{1})
	kinds.Check(t, packs, binaryOnly{1, 2})
	kinds.Check(t, packs, msgpackOnly{1})
	kinds.Check(t, all, zeroer{1})
	kinds.Check(t, all, textThenJSON{1})
}
