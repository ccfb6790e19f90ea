package codec_test

//lint:file-ignore U1000 the types under test have fields that only reflection sees

import (
	"bytes"
	"container/list"
	"context"
	"database/sql"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"iter"
	"log/slog"
	"math"
	"math/big"
	"math/rand/v2"
	"net"
	"net/http"
	"net/mail"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/desir-go/desir/internal/kinds"
)

const (
	all   = "all"
	none  = ""
	packs = "auto msgpack"
)

// TestKindsScalars stores named types of all basic kinds, with and without methods.
func TestKindsScalars(t *testing.T) {
	type (
		myBool   bool
		myInt8   int8
		myInt64  int64
		myUint16 uint16
		myFloat  float32
		myString string
		myBytes  []byte
	)
	kinds.Check(t, all, true)
	kinds.Check(t, all, 1, -1, math.MaxInt32, 1<<53)
	kinds.Check[int8](t, all, math.MinInt8, math.MaxInt8)
	kinds.Check[int16](t, all, math.MinInt16, math.MaxInt16)
	kinds.Check[int32](t, all, math.MinInt32, math.MaxInt32)
	kinds.Check[int64](t, all, math.MinInt64, math.MaxInt64, 1<<53+1)
	kinds.Check[uint](t, all, 200, math.MaxUint32)
	kinds.Check[uint8](t, all, math.MaxUint8)
	kinds.Check[uint16](t, all, math.MaxUint16)
	kinds.Check[uint32](t, all, math.MaxUint32)
	kinds.Check[uint64](t, all, math.MaxUint64, 1<<63)
	kinds.Check[float32](t, all, 0.1, math.MaxFloat32, math.SmallestNonzeroFloat32, float32(math.Inf(1)))
	kinds.Check(t, all, 0.1, -1e300, math.SmallestNonzeroFloat64, math.Inf(-1), math.NaN(), math.Copysign(0, -1), 1e21, 1<<60)
	kinds.Check(t, all, "x", "ü€😀", "\x00", "a\nb", strings.Repeat("long ", 100), "\xff\xfe not UTF-8", "\ufffd", `\ufffd`, "\\\ufffd", "\u2028<>&")
	kinds.Check(t, all, []byte("x"), []byte{0, 0xff}, []byte{})
	kinds.Check[myBool](t, all, true)
	kinds.Check[myInt8](t, all, -5)
	kinds.Check[myInt64](t, all, math.MaxInt64)
	kinds.Check[myUint16](t, all, 300)
	kinds.Check[myFloat](t, all, 1.5)
	kinds.Check[myString](t, all, "x")
	kinds.Check(t, all, myBytes("x"))
	kinds.Check(t, all, time.Hour, -1)
	kinds.Check(t, all, time.February)
	kinds.Check(t, all, time.Saturday)
	kinds.Check(t, all, slog.LevelWarn, 3)
	kinds.Check(t, all, fs.ModeDir|0o755)
	kinds.Check(t, all, json.Number("5"), "1.5", "12345678901234567890123")
	kinds.Check(t, all, template.HTML("<b>"))
	kinds.Check(t, all, json.RawMessage(`{"a":[1,2,{}]}`))
	kinds.Check[complex64](t, none)
	kinds.Check[complex128](t, none, 1i)
	kinds.Check[uintptr](t, "json")
	kinds.Check[unsafe.Pointer](t, none)
	kinds.Check[chan int](t, none, make(chan int))
	kinds.Check[func()](t, none)
	kinds.Check[iter.Seq[int]](t, none)
}

// Types that resemble those of well-known libraries.
type (
	uuid    [16]byte // github.com/google/uuid
	ulid    [16]byte // github.com/oklog/ulid: binary and text
	decimal struct { // github.com/shopspring/decimal
		value *big.Int
		exp   int32
	}
	nullString struct { // github.com/guregu/null
		sql.NullString
	}
	option[T any] struct { // github.com/samber/mo
		isPresent bool
		value     T
	}
	quantity struct { // k8s.io/apimachinery/pkg/api/resource
		i      int64
		Format string
	}
	timestamp struct { // github.com/jackc/pgx/v5/pgtype: JSON methods, and nothing to hide
		Time  time.Time
		Valid bool
	}
	language struct{ code, region uint16 } // golang.org/x/text/language
	message  struct {                      // google.golang.org/protobuf
		state         struct{ _ [0]func() }
		sizeCache     int32
		unknownFields []byte
		Name          string
		Nested        *message
	}
	objectID [12]byte // go.mongodb.org/mongo-driver/bson
	status   int      // an enumeration with JSON methods alone
	weekdays map[time.Weekday]bool
	ip4      []byte
	fixed    int64 // a decimal of two places, as text
)

func (u uuid) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%x", u[:]), nil }
func (u *uuid) UnmarshalText(b []byte) error {
	_, err := fmt.Sscanf(string(b), "%x", new([]byte))
	if err == nil {
		var raw []byte
		_, err = fmt.Sscanf(string(b), "%x", &raw)
		copy(u[:], raw)
	}
	return err
}
func (u uuid) MarshalBinary() ([]byte, error)  { return u[:], nil }
func (u *uuid) UnmarshalBinary(b []byte) error { copy(u[:], b); return nil }

func (u ulid) MarshalBinary() ([]byte, error)  { return u[:], nil }
func (u *ulid) UnmarshalBinary(b []byte) error { copy(u[:], b); return nil }
func (u ulid) MarshalText() ([]byte, error)    { return uuid(u).MarshalText() }
func (u *ulid) UnmarshalText(b []byte) error   { return (*uuid)(u).UnmarshalText(b) }

func (d decimal) big() *big.Int {
	if d.value == nil {
		return new(big.Int)
	}
	return d.value
}
func (d decimal) Equal(e decimal) bool { return d.exp == e.exp && d.big().Cmp(e.big()) == 0 }
func (d decimal) String() string       { return fmt.Sprintf("%se%d", d.big(), d.exp) }
func (d *decimal) parse(s string) error {
	d.value = new(big.Int)
	_, err := fmt.Sscanf(s, "%de%d", d.value, &d.exp)
	return err
}
func (d decimal) MarshalText() ([]byte, error)    { return []byte(d.String()), nil }
func (d *decimal) UnmarshalText(b []byte) error   { return d.parse(string(b)) }
func (d decimal) MarshalBinary() ([]byte, error)  { return d.MarshalText() }
func (d *decimal) UnmarshalBinary(b []byte) error { return d.UnmarshalText(b) }
func (d decimal) MarshalJSON() ([]byte, error)    { return json.Marshal(d.String()) }
func (d *decimal) UnmarshalJSON(b []byte) error   { return d.parse(strings.Trim(string(b), `"`)) }

func (n nullString) MarshalJSON() ([]byte, error) {
	if !n.Valid {
		return []byte("null"), nil
	}
	return json.Marshal(n.String)
}

func (n *nullString) UnmarshalJSON(b []byte) error {
	n.Valid = string(b) != "null"
	return json.Unmarshal(b, &n.String)
}

func (o option[T]) MarshalJSON() ([]byte, error) {
	if !o.isPresent {
		return []byte("null"), nil
	}
	return json.Marshal(o.value)
}

func (o *option[T]) UnmarshalJSON(b []byte) error {
	o.isPresent = string(b) != "null"
	return json.Unmarshal(b, &o.value)
}

func (q quantity) MarshalJSON() ([]byte, error) { return json.Marshal(fmt.Sprint(q.i, q.Format)) }
func (q *quantity) UnmarshalJSON(b []byte) error {
	_, err := fmt.Sscanf(strings.Trim(string(b), `"`)+" ", "%d%s", &q.i, &q.Format)
	if q.Format == "" {
		return nil
	}
	return err
}

func (t timestamp) MarshalJSON() ([]byte, error) { return json.Marshal([]any{t.Time, t.Valid}) }
func (t *timestamp) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&t.Time, &t.Valid})
}

func (l language) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "%d-%d", l.code, l.region), nil
}

func (l *language) UnmarshalText(b []byte) error {
	_, err := fmt.Sscanf(string(b), "%d-%d", &l.code, &l.region)
	return err
}

func (m *message) ProtoReflect() *message { return m }
func (m *message) Reset()                 {}
func (m *message) String() string         { return m.Name }

func (o objectID) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%x", o[:]), nil }
func (o *objectID) UnmarshalText(b []byte) error {
	var r []byte
	_, err := fmt.Sscanf(string(b), "%x", &r)
	copy(o[:], r)
	return err
}

func (o objectID) MarshalJSON() ([]byte, error) {
	t, err := o.MarshalText()
	return fmt.Appendf(nil, "%q", t), err
}
func (o *objectID) UnmarshalJSON(b []byte) error { return o.UnmarshalText(b[1 : len(b)-1]) }
func (o objectID) IsZero() bool                  { return o == objectID{} }

func (s status) MarshalJSON() ([]byte, error) { return fmt.Appendf(nil, `"s%d"`, int(s)), nil }
func (s *status) UnmarshalJSON(b []byte) error {
	_, err := fmt.Sscanf(string(b), `"s%d"`, (*int)(s))
	return err
}

func (i ip4) MarshalText() ([]byte, error)  { return bytes.ToUpper(i), nil }
func (i *ip4) UnmarshalText(b []byte) error { *i = append(ip4(nil), bytes.ToLower(b)...); return nil }

func (f fixed) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%d.%02d", f/100, f%100), nil }

func (f *fixed) UnmarshalText(b []byte) error {
	var units, cents int64
	_, err := fmt.Sscanf(string(b), "%d.%d", &units, &cents)
	*f = fixed(100*units + cents)
	return err
}

// nullUUID is the type of github.com/google/uuid. If it is not valid, its text is null,
// which it cannot read, and its binary form has no bytes.
type nullUUID struct {
	UUID  uuid
	Valid bool
}

func (n nullUUID) MarshalText() ([]byte, error) {
	if n.Valid {
		return n.UUID.MarshalText()
	}
	return []byte("null"), nil
}

func (n *nullUUID) UnmarshalText(b []byte) error {
	n.Valid = true
	if len(b) != 32 {
		return errors.New("invalid length")
	}
	return n.UUID.UnmarshalText(b)
}

func (n nullUUID) MarshalBinary() ([]byte, error) {
	if n.Valid {
		return n.UUID[:], nil
	}
	return nil, nil
}

func (n *nullUUID) UnmarshalBinary(b []byte) error {
	if len(b) != 16 {
		return errors.New("invalid length")
	}
	n.Valid = true
	return n.UUID.UnmarshalBinary(b)
}

func (n nullUUID) MarshalJSON() ([]byte, error) {
	if n.Valid {
		return json.Marshal(n.UUID)
	}
	return []byte("null"), nil
}

func (n *nullUUID) UnmarshalJSON(b []byte) error {
	n.Valid = string(b) != "null"
	return json.Unmarshal(b, &n.UUID)
}

// strange has methods that cannot read what they write for odd numbers, in JSON too.
type strange struct{ n int }

func (s strange) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%d", s.n), nil }
func (s *strange) UnmarshalText(b []byte) error {
	if _, err := fmt.Sscan(string(b), &s.n); err != nil || s.n%2 == 0 {
		return errors.New("even")
	}
	return nil
}

func TestKindsOfLibraries(t *testing.T) {
	kinds.Check(t, all, nullUUID{uuid{1}, true})
	kinds.Check(t, all, strange{5}, strange{6})
	kinds.Check(t, all, uuid{1, 15: 2})
	kinds.Check(t, all, ulid{1, 15: 2})
	kinds.Check(t, all, decimal{big.NewInt(12345), -2})
	kinds.Check(t, all, &decimal{big.NewInt(-5), 3})
	kinds.Check(t, all, nullString{sql.NullString{String: "x", Valid: true}}, nullString{sql.NullString{Valid: true}})
	kinds.Check(t, "json", option[int]{true, 5})
	kinds.Check(t, "json", option[string]{true, ""})
	kinds.Check(t, "json", quantity{5, "Mi"})
	kinds.Check(t, all, timestamp{time.Unix(5, 0).UTC(), true})
	kinds.Check(t, all, language{5, 6})
	kinds.Check(t, none, message{Name: "x"})
	kinds.Check(t, none, &message{Name: "x", unknownFields: []byte("x")})
	kinds.Check(t, all, objectID{1})
	kinds.Check(t, all, status(3))
	kinds.Check(t, all, weekdays{time.Friday: true})
	kinds.Check(t, all, ip4("abc"))
	kinds.Check(t, all, fixed(1234))
	kinds.Check(t, all, sql.NullString{String: "x", Valid: true}, sql.NullString{Valid: true})
	kinds.Check(t, all, sql.NullInt64{Int64: math.MaxInt64, Valid: true})
	kinds.Check(t, all, sql.NullTime{Time: time.Unix(5, 5).UTC(), Valid: true})
	kinds.Check(t, all, sql.NullBool{Bool: true, Valid: true})
	kinds.Check(t, all, sql.Null[float64]{V: 1.5, Valid: true})
	kinds.Check(t, all, sql.Null[[]string]{V: []string{"a"}, Valid: true})
	kinds.Check(t, all, sql.RawBytes("x"))
}

func TestKindsOfTheStandardLibrary(t *testing.T) {
	day := time.Date(2024, 2, 29, 12, 30, 0, 123456789, time.UTC)
	kinds.Check(t, all, day, day.In(time.FixedZone("there", 3600)), time.Unix(0, 0), time.Date(1, 1, 1, 0, 0, 0, 1, time.UTC), time.Date(1600, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC))
	kinds.Check(t, all, netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("fe80::1%eth0"))
	kinds.Check(t, all, netip.MustParsePrefix("10.0.0.0/8"))
	kinds.Check(t, all, netip.MustParseAddrPort("[::1]:80"))
	kinds.Check(t, all, net.ParseIP("10.0.0.1"), net.ParseIP("::1"))
	kinds.Check(t, all, net.IPNet{IP: net.IP{10, 0, 0, 0}, Mask: net.CIDRMask(8, 32)})
	kinds.Check(t, all, net.HardwareAddr{1, 2, 3, 4, 5, 6})
	kinds.Check(t, all, net.TCPAddr{IP: net.IP{10, 0, 0, 1}, Port: 80})
	kinds.Check(t, packs, url.URL{Scheme: "https", Host: "example.com", Path: "/a b", RawQuery: "q=1"})
	kinds.Check(t, packs, &url.URL{Scheme: "https", Host: "example.com", User: url.UserPassword("a", "b")})
	kinds.Check(t, all, url.Values{"a": {"1", "2"}, "b": nil})
	kinds.Check(t, all, *big.NewInt(math.MaxInt64), *new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 200), big.NewInt(1)))
	kinds.Check(t, all, big.NewInt(-5))
	kinds.Check(t, all, *big.NewRat(-1, 3))
	kinds.Check(t, all, big.NewRat(5, 7))
	kinds.Check(t, all, *big.NewFloat(1.5), *new(big.Float).SetPrec(200).SetInt64(3))
	kinds.Check(t, all, big.NewFloat(-0.1))
	kinds.Check(t, all, *regexp.MustCompile("^a+$"))
	kinds.Check(t, all, regexp.MustCompile("^a+$"))
	kinds.Check(t, all, http.Header{"A": {"1"}})
	kinds.Check(t, all, mail.Address{Name: "Ada", Address: "ada@example.com"})
	kinds.Check(t, all, http.Cookie{Name: "a", Value: "b"})
	kinds.Check(t, all, xml.Name{Space: "a", Local: "b"})
	kinds.Check(t, none, *list.New())
	kinds.Check(t, none, sync.Mutex{})
	kinds.Check(t, none, &sync.Map{})
	kinds.Check(t, none, atomic.Int64{})
	kinds.Check(t, none, atomic.Value{})
	kinds.Check(t, none, bytes.Buffer{})
	kinds.Check(t, none, &strings.Builder{})
	kinds.Check(t, none, strings.NewReader("x"))
	kinds.Check(t, packs, *rand.NewPCG(1, 2))
	kinds.Check(t, none, time.Location{})
	kinds.Check(t, none, slog.String("a", "b"))
	kinds.Check[context.Context](t, none, context.Background())
	kinds.Check[error](t, packs, errors.New("x"))
	kinds.Check[fmt.Stringer](t, none, time.Second)
	kinds.Check[any](t, all, "x", nil, 1.5, true, []any{"a", nil}, map[string]any{"a": map[string]any{}})
}
