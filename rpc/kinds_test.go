package rpc_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"math/big"
	"net/netip"
	"net/url"
	"testing"
	"time"

	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/kinds"
	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/rpc"
)

// quantity can be encoded by its JSON methods only.
type quantity struct {
	n    int
	Unit string
}

func (q quantity) MarshalJSON() ([]byte, error)  { return fmt.Append(nil, q.n), nil }
func (q *quantity) UnmarshalJSON(b []byte) error { _, err := fmt.Sscan(string(b), &q.n); return err }

// message resembles a protobuf message.
type message struct {
	Name  string
	state int
}

func (m *message) ProtoReflect() {}

type (
	branch struct {
		Name string
		Kids []branch
		At   *time.Time
	}
	stamped struct {
		time.Time
		By string
	}
)

// echo is a method whose handler checks its request and returns it.
type echo struct {
	name   string
	handle func(*rpc.Server)
	call   func(context.Context, *rpc.Client) error
}

// kind returns methods for one value, alone and inside other types.
func kind[T any](t *testing.T, n int, v T) []echo {
	return []echo{
		method(t, fmt.Sprint("Plain", n), v), method(t, fmt.Sprint("Slice", n), []T{v}), method(t, fmt.Sprint("Map", n), map[string]T{"a": v}),
		method(t, fmt.Sprint("Field", n), struct{ V T }{v}), method(t, fmt.Sprint("Pointer", n), &v),
	}
}

func method[T any](t *testing.T, name string, want T) echo {
	m := rpc.NewMethod[T, T](name)
	handle := func(_ context.Context, v T) (T, error) {
		if !kinds.Equal(v, want, false) {
			t.Errorf("%s: the handler received %+v; want %+v", name, v, want)
		}
		return v, nil
	}
	return echo{name, func(s *rpc.Server) { m.Handle(s, handle) }, func(ctx context.Context, c *rpc.Client) error {
		got, err := m.Call(ctx, c, want, waitForWorker)
		if err == nil && !kinds.Equal(got, want, false) {
			err = fmt.Errorf("%+v came back; want %+v", got, want)
		}
		return err
	}}
}

// TestKinds sends values of many types to a worker and back. Each one comes back equal,
// or is refused before anything is sent. The tests of package codec cover all types and
// positions.
func TestKinds(t *testing.T) {
	t.Parallel()
	rdb := redistest.StartServer(t).Client(t)
	at := time.Date(2024, 2, 29, 12, 30, 0, 5, time.UTC)
	var kept, refused []echo
	for _, k := range [][]echo{
		kind(t, 1, math.MaxInt64), kind(t, 2, "é"), kind(t, 3, []byte{0, 0xff}), kind(t, 4, at), kind(t, 5, time.Hour), kind(t, 6, netip.MustParseAddr("::1")),
		kind(t, 7, *big.NewInt(5)), kind(t, 8, url.URL{Scheme: "https", Host: "example.com"}), kind(t, 9, sql.NullString{String: "x", Valid: true}),
		kind(t, 10, branch{"a", []branch{{"b", nil, &at}}, nil}), kind(t, 11, map[int]string{-1: "a"}), kind(t, 12, [2]float32{1.5}), kind(t, 13, struct{}{}),
		kind(t, 14, map[string]any{"n": int64(300), "f": 1.5, "l": []any{nil, true, "x"}, "t": at}), kind[any](t, 15, int64(5)), kind(t, 16, map[netip.Addr]bool{{}: true}),
	} {
		kept = append(kept, k...)
	}
	for _, k := range [][]echo{kind(t, 20, quantity{5, "x"}), kind(t, 21, stamped{at, "ada"}), kind(t, 22, make(chan int)), kind(t, 24, &message{"x", 1})} {
		refused = append(refused, k...)
	}
	s := rpc.NewServer(rdb, service)
	for _, e := range kept {
		e.handle(s)
	}
	run(t, s)
	c := rpc.NewClient(rdb, service)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, e := range kept {
		if err := e.call(ctx, c); err != nil {
			t.Errorf("%s: %v", e.name, err)
		}
	}
	for _, e := range refused {
		if err := e.call(ctx, c); !errors.Is(err, codec.ErrUnsupported) {
			t.Errorf("%s: %v; want ErrUnsupported", e.name, err)
		}
		unable := rpc.NewServer(rdb, "unable")
		e.handle(unable)
		if err := unable.Run(ctx); !errors.Is(err, codec.ErrUnsupported) {
			t.Errorf("%s: Run: %v; want ErrUnsupported", e.name, err)
		}
	}
}
