package codec

//lint:file-ignore U1000 the types under test have fields that only reflection sees

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"
	"net/netip"
	"net/url"
	"reflect"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vmihailenco/msgpack/v5"
)

// Types that users might have, one for each form.

type userID string // a string without methods

type level int // an integer with text methods

func (l level) MarshalText() ([]byte, error) {
	if l > 9 {
		return nil, errors.New("no such level")
	}
	return []byte("L" + string(rune('0'+l))), nil
}

func (l *level) UnmarshalText(b []byte) error {
	if len(b) != 2 || b[0] != 'L' {
		return fmt.Errorf("bad level %q", b)
	}
	*l = level(b[1] - '0')
	return nil
}

type uuid [16]byte // an array with text methods, and with binary methods that are not used

func (u uuid) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%x-%x", u[:8], u[8:]), nil }

func (u *uuid) UnmarshalText(b []byte) error {
	hi, lo, ok := strings.Cut(string(b), "-")
	var n int
	if ok && len(hi) == 16 && len(lo) == 16 {
		n, _ = fmt.Sscanf(hi+lo, "%x", (*hexBytes)(u))
	}
	if n != 1 {
		return fmt.Errorf("bad uuid %q", b)
	}
	return nil
}

func (u uuid) MarshalBinary() ([]byte, error)  { return u[:], nil }
func (u *uuid) UnmarshalBinary(b []byte) error { copy(u[:], b); return nil }
func (h *hexBytes) Scan(s fmt.ScanState, _ rune) error {
	for i := range h {
		var hi, lo rune
		hi, _, err := s.ReadRune()
		if err != nil {
			return err
		}
		if lo, _, err = s.ReadRune(); err != nil {
			return err
		}
		digits := "0123456789abcdef"
		a, b := strings.IndexRune(digits, hi), strings.IndexRune(digits, lo)
		if a < 0 || b < 0 {
			return errors.New("no hex")
		}
		h[i] = byte(a<<4 | b)
	}
	return nil
}

type hexBytes [16]byte

// shy has methods with pointer receivers only.
type shy struct{ word string }

func (s *shy) MarshalText() ([]byte, error) { return []byte(s.word), nil }
func (s *shy) UnmarshalText(b []byte) error { s.word = string(b); return nil }

// point has binary methods only.
type point struct{ X, Y uint16 }

func (p point) MarshalBinary() ([]byte, error) {
	return binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, p.X), p.Y), nil
}

func (p *point) UnmarshalBinary(b []byte) error {
	if len(b) != 4 {
		return fmt.Errorf("a point of %d bytes: %x", len(b), b)
	}
	p.X, p.Y = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	return nil
}

// generated has methods like those that msgp generates, and binary methods.
type generated struct{ N uint8 }

func (g *generated) MarshalMsg(b []byte) ([]byte, error) {
	return append(b, 0x81, 0xa1, 'n', g.N&0x7f), nil
}

func (g *generated) UnmarshalMsg(b []byte) ([]byte, error) {
	if len(b) < 4 || b[0] != 0x81 {
		return b, errors.New("bad generated")
	}
	g.N = b[3]
	return b[4:], nil
}

func (g generated) MarshalBinary() ([]byte, error)  { return []byte{g.N}, nil }
func (g *generated) UnmarshalBinary(b []byte) error { g.N = b[0]; return nil }

// pair writes two msgpack values in a row.
type pair struct {
	A string
	B int
}

func (p pair) EncodeMsgpack(e *msgpack.Encoder) error  { return e.EncodeMulti(p.A, p.B) }
func (p *pair) DecodeMsgpack(d *msgpack.Decoder) error { return d.DecodeMulti(&p.A, &p.B) }

// celsius has methods that write one msgpack value.
type celsius struct{ degrees float64 }

func (c celsius) MarshalMsgpack() ([]byte, error)  { return msgpack.Marshal(c.degrees) }
func (c *celsius) UnmarshalMsgpack(b []byte) error { return msgpack.Unmarshal(b, &c.degrees) }

type named struct {
	ID   int64  `msgpack:"id"`
	Note string `msgpack:"note,omitempty"`
}

type row struct {
	_msgpack struct{} `msgpack:",as_array"`
	A        int
	B        string
}

type address struct{ Street, City string }

type order struct {
	ID      int               `msgpack:"id"`
	Owner   userID            `msgpack:"owner"`
	Paid    bool              `msgpack:"paid"`
	Total   float64           `msgpack:"total"`
	Weight  float32           `msgpack:"weight"`
	At      time.Time         `msgpack:"at"`
	Tags    []string          `msgpack:"tags"`
	Attrs   map[string]string `msgpack:"attrs"`
	Counts  map[string]int    `msgpack:"counts"`
	ByLevel map[level]string  `msgpack:"by_level"`
	Lines   []named           `msgpack:"lines"`
	Row     row               `msgpack:"row"`
	Parent  *order            `msgpack:"parent"`
	Blob    []byte            `msgpack:"blob"`
	Digest  [4]byte           `msgpack:"digest"`
	UUID    uuid              `msgpack:"uuid"`
	Where   point             `msgpack:"where"`
	Warm    celsius           `msgpack:"warm"`
	Shy     shy               `msgpack:"shy"`
	Addr    netip.Addr        `msgpack:"addr"`
	Any     any               `msgpack:"any"`
	Left    string            `msgpack:"-"`
	hidden  int
	address `msgpack:",inline"`
}

func sampleOrder() order {
	return order{
		ID: 300, Owner: "ada", Paid: true, Total: 12.5, Weight: 0.5,
		At:   time.Date(2024, 2, 29, 12, 30, 0, 5, time.UTC),
		Tags: []string{"gift", "rush"}, Attrs: map[string]string{"b": "2", "a": "1"},
		Counts:  map[string]int{"pear": 2, "apple": 70000, "fig": -1},
		ByLevel: map[level]string{3: "three", 1: "one"},
		Lines:   []named{{ID: 1, Note: "x"}, {ID: 2}}, Row: row{A: 1, B: "r"},
		Parent: &order{ID: 1, At: time.Date(1969, 1, 1, 0, 0, 0, 0, time.UTC)},
		Blob:   []byte{0, 1}, Digest: [4]byte{1, 2, 3, 4}, UUID: uuid{1, 15: 2}, Where: point{1, 2},
		Warm: celsius{36.5}, Shy: shy{"hush"}, Addr: netip.MustParseAddr("::1"),
		Any:     map[string]any{"k": []any{"v", true, nil}},
		address: address{"Main St", "Springfield"},
	}
}

type alias struct {
	Now string `msgpack:"now,alias:before"`
}

type base1 struct{ A, B int }

type shadowed struct {
	A int
	base1
}

type promoted struct {
	base1
	C int
}

type apart struct {
	base1 `msgpack:",noinline"`
	C     int
}

type tree struct {
	Name string
	Kids []*tree
}

type chain struct {
	Next *chain
}

var big77, _ = new(big.Int).SetString("-170141183460469231731687303715884105728", 10)

func mustURL(s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil {
		panic(err)
	}
	return u
}

// same reports whether a decoded value equals the value that was encoded.
func same(a, b any) bool {
	return reflect.DeepEqual(a, b) || cmp.Equal(a, b,
		cmp.Exporter(func(reflect.Type) bool { return true }),
		cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) && a.Location() == b.Location() }),
		cmp.Comparer(func(a, b big.Int) bool { return a.Cmp(&b) == 0 }),
		cmp.Comparer(func(a, b *big.Int) bool { return a == b || a != nil && b != nil && a.Cmp(b) == 0 }),
		cmp.Comparer(func(a, b netip.Addr) bool { return a == b }))
}
