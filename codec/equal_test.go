package codec_test

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/desir-go/desir/codec"
)

// Types whose methods lose part of a value. github.com/guregu/null writes an empty string
// and no string as the same text. The binary form of a receipt in go-ethereum has only
// the fields of consensus. Many enumerations write one word for all unknown values.
// github.com/samber/mo reads an option that holds zero as no option.
type (
	nullText struct {
		String string
		Valid  bool
	}
	receipt struct {
		Status uint64
		Logs   []string
		Hash   string // not in the binary form
	}
	colour int
	opt    struct {
		there bool
		n     int
	}
)

func (n nullText) MarshalText() ([]byte, error) {
	if !n.Valid {
		return []byte{}, nil
	}
	return []byte(n.String), nil
}

func (n *nullText) UnmarshalText(b []byte) error {
	n.String, n.Valid = string(b), len(b) > 0
	return nil
}

func (r receipt) MarshalBinary() ([]byte, error) {
	return fmt.Appendf(nil, "%d:%s", r.Status, strings.Join(r.Logs, ",")), nil
}

func (r *receipt) UnmarshalBinary(b []byte) (err error) {
	status, logs, _ := strings.Cut(string(b), ":")
	r.Status, err = strconv.ParseUint(status, 10, 64)
	if logs != "" {
		r.Logs = strings.Split(logs, ",")
	}
	return err
}

func (c colour) MarshalText() ([]byte, error) {
	if c > 0 && c < 3 {
		return []byte([]string{1: "red", 2: "green"}[c]), nil
	}
	return []byte("unknown"), nil
}

func (c *colour) UnmarshalText(b []byte) error {
	*c = map[string]colour{"red": 1, "green": 2}[string(b)]
	return nil
}

func (o opt) IsZero() bool { return !o.there || o.n == 0 }

func (o opt) MarshalText() ([]byte, error) {
	if !o.there {
		return []byte("none"), nil
	}
	return strconv.AppendInt(nil, int64(o.n), 10), nil
}

func (o *opt) UnmarshalText(b []byte) (err error) {
	if o.there = string(b) != "none"; o.there {
		o.n, err = strconv.Atoi(string(b))
	}
	return err
}

// TestLossyMethods checks that a value is refused, wherever it occurs, if the methods of
// its type read it as a different value. Other values of the type are stored.
func TestLossyMethods(t *testing.T) {
	checkLost(t, nullText{"", true}, true)
	checkLost(t, nullText{"x", true}, false)
	checkLost(t, nullText{"left over", false}, false) // there is none, whatever it was
	checkLost(t, nullText{}, false)
	checkLost(t, receipt{Status: 1, Hash: "abc"}, true)
	checkLost(t, receipt{Status: 1, Logs: []string{"a"}}, false)
	checkLost(t, receipt{Status: 1, Logs: []string{}}, false)
	checkLost(t, colour(7), true)
	checkLost(t, colour(2), false)
	checkLost(t, colour(0), false)
}

func checkLost[T any](t *testing.T, v T, want bool) {
	t.Helper()
	for _, c := range []codec.Codec{codec.Auto, codec.Msgpack} {
		for _, held := range []any{v, &v, []T{v}, map[string]T{"a": v}, struct{ X T }{v}, [1]*T{&v}, map[string]any{"a": v}} {
			_, err := c.Append(nil, held)
			if refused := errors.Is(err, codec.ErrUnsupported); refused != want || !refused && err != nil {
				t.Errorf("%s: %T of %+v: %v; want it refused: %t", c.Name(), held, v, err, want)
			}
		}
	}
}

// TestOmitIsZero checks that omitempty does not leave out a value if IsZero is true, but
// the methods write it differently from the zero value.
func TestOmitIsZero(t *testing.T) {
	type row struct {
		A opt `msgpack:",omitempty"`
		B int
	}
	for _, want := range []row{{A: opt{true, 0}}, {A: opt{true, 5}}, {A: opt{}}} {
		data, err := codec.Auto.Append(nil, want)
		var got row
		if err == nil {
			err = codec.Auto.Decode(data, &got)
		}
		if got != want || err != nil {
			t.Errorf("%+v came back as %+v, %v", want, got, err)
		}
	}
}
