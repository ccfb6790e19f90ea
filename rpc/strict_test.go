package rpc_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/rpc"
)

type dated struct{ Since time.Time }

type lookup struct {
	dated
	ID    int
	Name  string `msgpack:"name,omitempty"`
	Any   any
	Lines []struct{ Sku string }
	Next  *lookup
	By    map[string]struct{ N int }
}

type fuller struct {
	ID    int
	Other string
}

// TestUnknownFields makes calls with hand-written field names, and with the types of a
// newer program.
func TestUnknownFields(t *testing.T) {
	t.Parallel()
	rdb := redistest.StartServer(t).Client(t)
	s := rpc.NewServer(rdb, service)
	sum.Handle(s, addUp)
	find := rpc.NewMethod[lookup, int]("Find")
	find.Handle(s, func(_ context.Context, q lookup) (int, error) { return q.ID, nil })
	many := rpc.NewMethod[[]lookup, int]("Many")
	many.Handle(s, func(_ context.Context, q []lookup) (int, error) { return len(q), nil })
	run(t, s)
	c := rpc.NewClient(rdb, service)
	mustSum(t, c)
	type m = map[string]any
	for what, x := range map[string]struct {
		method string
		req    any
		says   []string // nil: the call succeeds
	}{
		"right": {"Find", m{
			"ID": 10, "name": "x", "Any": m{"id": 1}, "Since": time.Now(), "Lines": []any{m{"Sku": "a"}},
			"Next": m{"ID": 1}, "By": m{"anything": m{"N": 1}},
		}, nil},
		"another case":    {"Find", m{"id": 10}, []string{`"id"`, `it is named "ID"`}},
		"the Go name":     {"Find", m{"Name": "x"}, []string{`"Name"`, `"name"`}},
		"no such":         {"Find", m{"ID": 1, "colour": 2}, []string{`"colour"`, "ID"}},
		"in a slice":      {"Find", m{"Lines": []any{m{"Sku": "a"}, m{"sku": "b"}}}, []string{`Lines[1]: unknown field "sku"`, `"Sku"`}},
		"behind pointers": {"Find", m{"Next": m{"Next": m{"iD": 1}}}, []string{`Next.Next: unknown field "iD"`, `"ID"`}},
		"in a map":        {"Find", m{"By": m{"x": m{"n": 1}}}, []string{`By[*]: unknown field "n"`, `"N"`}},
		"a list":          {"Many", []any{m{"ID": 1}, m{"id": 1}}, []string{`[1]: unknown field "id"`}},
		"a control text":  {"Find", m{"a\x1b[2J\n": 1}, []string{`\x1b[2J\n`}},
	} {
		_, err := c.Invoke(t.Context(), x.method, x.req)
		if x.says == nil {
			if err != nil {
				t.Errorf("%s: %v", what, err)
			}
			continue
		}
		if rpc.CodeOf(err) != rpc.InvalidArgument || !isWorkerError(err) {
			t.Errorf("%s: %v; want InvalidArgument", what, err)
			continue
		}
		for _, text := range x.says {
			if !strings.Contains(err.Error(), text) {
				t.Errorf("%s: %v; want %s in it", what, err, text)
			}
		}
	}
	if got, err := rpc.NewMethod[fuller, int]("Find").Call(t.Context(), c, fuller{ID: 7, Other: "new"}); got != 7 || err != nil {
		t.Errorf("a caller whose type has grown: %d, %v; want 7", got, err)
	}
}
