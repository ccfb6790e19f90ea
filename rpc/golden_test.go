package rpc

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/pack"
	"github.com/desir-go/desir/rpc/internal/wire"
)

var update = flag.Bool("update", false, "write testdata anew: only for frames that were never released")

const goldenFile = "testdata/frames.golden"

// frames returns the frames of docs/wire.md as this package writes them.
func frames(t *testing.T) (names []string, all map[string]string) {
	t.Helper()
	all = map[string]string{}
	add := func(name string, frame []byte) {
		names, all[name] = append(names, name), string(frame)
	}
	for _, q := range requests {
		add(q.name, q.Request.Append(nil))
	}
	for _, e := range entries {
		var b []byte
		for _, r := range e.results {
			b = r.Append(b)
		}
		add(e.name, b)
	}
	for _, e := range failures {
		add(e.name, errorsOnWire.Append(nil, e.err, "host:1"))
	}
	add("cancel of calls 7 and 300", wire.AppendCancel(nil, goldenInbox, string(wire.AppendIDs(nil, 7)), string(wire.AppendIDs(nil, 300))))
	for _, q := range sealedRequests {
		frame, err := goldenSeal.SealRequest(nil, &q.Request, 1760000000000)
		if err != nil {
			t.Fatal(err)
		}
		add(q.name, frame)
	}
	body, err := goldenSeal.SealResult(&sealedRequests[0].Request, wire.Result{ID: 77, State: wire.StateDone, Body: "\xcc\x96"})
	if err != nil {
		t.Fatal(err)
	}
	add("entry of a result under a codec", (&wire.Result{ID: 77, State: wire.StateDone, Body: string(body)}).Append(nil))
	add("calls 7 and 300 that a worker has", wire.AppendIDs(nil, 7, 300))
	return names, all
}

const goldenInbox = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

var requests = []struct {
	name string
	wire.Request
}{
	{"call of Sum with [10, 20, 30, 40, 50]", wire.Request{Inbox: goldenInbox, ID: 1, Method: "Sum", Signature: "[int]>int", Body: "\x95\x0a\x14\x1e\x28\x32"}},
	{"call with a deadline and headers", wire.Request{
		Inbox: goldenInbox, ID: 300, Method: "Greet", Signature: "text>text", Deadline: 1760000000000,
		Headers: map[string]string{"lang": "en", "a": ""}, Body: "\xa3Ada",
	}},
	{"call of two parameters", wire.Request{Inbox: goldenInbox, ID: 2, Method: "Divide", Signature: "(int,int)>int", Body: "\x92\x2a\x06"}},
	{"call without a value", wire.Request{Inbox: goldenInbox, ID: 3, Method: "Reset", Signature: "nil>nil", Body: "\xc0"}},
	{"call by name alone", wire.Request{Inbox: goldenInbox, ID: 4, Method: "Sum", Signature: "any>any", Body: "\x92\x01\x02"}},
	{"cast", wire.Request{Method: "Greet", Signature: "text>text", Body: "\xa3Ada"}},
	{"ping", wire.Request{Inbox: goldenInbox, ID: 5, Method: wire.Ping, Signature: "nil>nil", Body: "\xc0"}},
}

// showing is a codec that shows its input: the scope, a bar, and the bytes.
type showing struct{ scope string }

func (s showing) Scope(scope string) codec.Codec { return showing{scope} }
func (showing) Name() string                     { return "showing" }
func (s showing) Append(b []byte, v any) ([]byte, error) {
	return append(append(append(b, s.scope...), '|'), v.([]byte)...), nil
}

func (s showing) Decode(data []byte, ptr any) error {
	plain, ok := bytes.CutPrefix(data, []byte(s.scope+"|"))
	if !ok {
		return codec.ErrSignature
	}
	*ptr.(*[]byte) = plain
	return nil
}

var goldenSeal = wire.NewSealer(showing{}, "calc")

var sealedRequests = []struct {
	name string
	wire.Request
}{
	{"call under a codec", wire.Request{Inbox: goldenInbox, ID: 77, Method: "Sum", Signature: "[int]>int", Headers: map[string]string{"lang": "en"}, Body: "\x92\x01\x02"}},
	{"call under a codec with a deadline and an inbox below a prefix", wire.Request{Inbox: "calc:inbox:" + goldenInbox, ID: 78, Method: "Sum", Signature: "[int]>int", Deadline: 1760000001000, Body: "\x90"}},
	{"cast under a codec", wire.Request{ID: 79, Method: "Greet", Signature: "text>text", Body: "\xa3Ada"}},
}

var entries = []struct {
	name    string
	results []wire.Result
}{
	{"entry of one result", []wire.Result{{ID: 1, State: wire.StateDone, Body: "\xcc\x96"}}},
	{"entry of two results", []wire.Result{{ID: 300, State: wire.StateDone, Body: "\xa9hello Ada"}, {ID: 2, State: wire.StateFailed, Body: string(errorsOnWire.Append(nil, Errorf(InvalidArgument, "division by zero"), "host:1"))}}},
	{"entry of a refusal", []wire.Result{{ID: 6, State: wire.StateRefused, Body: string(wire.AppendError(nil, wire.CodeUnimplemented, ErrUnknownMethod.Error(), "host:1"))}}},
}

var failures = []struct {
	name string
	err  error
}{
	{"error of a text", errors.New("plain")},
	{"error with a code and details", (&Error{Code: NotFound, Message: "no such order"}).With("order", "7").With("by", "id")},
	{"error that wraps a sentinel", fmt.Errorf("order 7: %w", errKnown)},
	{"error that wraps a type and io.EOF", fmt.Errorf("%w: %w", &typedErr{"pears", 3}, io.EOF)},
	{"error that wraps an *Error", fmt.Errorf("a: %w", Errorf(NotFound, "b: %w", fs.ErrNotExist))},
}

// TestGolden compares what is written with testdata/frames.golden, and parses what the
// file contains. Each line of the file has a name and the bytes as a Go string.
func TestGolden(t *testing.T) {
	names, all := frames(t)
	if *update {
		var out strings.Builder
		for _, name := range names {
			fmt.Fprintf(&out, "%s\t%s\n", name, quoted(all[name]))
		}
		if err := os.WriteFile(goldenFile, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	golden := readGolden(t)
	for name, frame := range all {
		if golden[name] != frame {
			t.Errorf("%s is written as %s; want %s", name, quoted(frame), quoted(golden[name]))
		}
	}
	for name := range golden {
		if _, ok := all[name]; !ok {
			t.Errorf("%s holds %q, which nothing tests any more: released frames stay readable", goldenFile, name)
		}
	}
	for _, want := range requests {
		var got wire.Request
		err := got.Parse(golden[want.name])
		if err != nil || !reflect.DeepEqual(contents(got), want.Request) {
			t.Errorf("%s is read as %+v, %v", want.name, got, err)
		}
	}
	for _, want := range entries {
		var got []wire.Result
		p := pack.Reader{Data: golden[want.name]}
		for r := (wire.Result{}); r.Next(&p); {
			got = append(got, r)
		}
		if !slices.Equal(got, want.results) {
			t.Errorf("%s is read as %+v", want.name, got)
		}
	}
	for _, want := range failures {
		got, ok := errorOf(golden[want.name], "M")
		if !ok || got.Code != CodeOf(want.err) || got.Message != want.err.Error() || got.Worker != "host:1" {
			t.Errorf("%s is read as %+v, %t", want.name, got, ok)
			continue
		}
		for _, target := range []error{errKnown, io.EOF, fs.ErrNotExist, fs.ErrInvalid} {
			if errors.Is(got, target) != errors.Is(want.err, target) {
				t.Errorf("%s: errors.Is(err, %v) = %t", want.name, target, errors.Is(got, target))
			}
		}
		if e, ok := errors.AsType[*typedErr](got); ok && *e != (typedErr{"pears", 3}) {
			t.Errorf("%s: errors.As finds %+v", want.name, e)
		}
	}
	for _, want := range sealedRequests {
		var got wire.Request
		err := got.Parse(golden[want.name])
		made, bad := goldenSeal.OpenRequest(&got)
		if err != nil || bad != nil || made != 1760000000000 || !reflect.DeepEqual(contents(got), want.Request) {
			t.Errorf("%s is read as %+v, made at %d; %v, %v", want.name, got, made, err, bad)
		}
	}
	gone := wire.ParseCancel(golden["cancel of calls 7 and 300"])
	if gone.Inbox != goldenInbox || !slices.Equal(gone.IDs, []uint64{7, 300}) {
		t.Errorf("a cancel is read as %v", gone)
	}
	if had := wire.ParseIDs(golden["calls 7 and 300 that a worker has"]); !slices.Equal(had, []uint64{7, 300}) {
		t.Errorf("calls that a worker has are read as %v", had)
	}
}

// contents returns a request as it was before it was a frame.
func contents(q wire.Request) wire.Request {
	return wire.Request{
		Inbox: q.Inbox, ID: q.ID, Method: q.Method, Signature: q.Signature, Deadline: q.Deadline, Headers: q.Headers, Body: q.Body,
	}
}

// readGolden returns the frames of the golden file by name.
func readGolden(t testing.TB) map[string]string {
	t.Helper()
	text, err := os.ReadFile(goldenFile)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for line := range strings.Lines(string(text)) {
		name, quoted, _ := strings.Cut(strings.TrimSpace(line), "\t")
		if all[name], err = strconv.Unquote(quoted); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
	return all
}

// quoted formats bytes as a Go string with escapes for all bytes that are not printable.
func quoted(data string) string {
	var out strings.Builder
	for _, c := range []byte(data) {
		if c < ' ' || c > '~' || c == '"' || c == '\\' {
			fmt.Fprintf(&out, `\x%02x`, c)
		} else {
			out.WriteByte(c)
		}
	}
	return `"` + out.String() + `"`
}
