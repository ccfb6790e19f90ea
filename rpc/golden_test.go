package rpc

import (
	"bytes"
	"context"
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

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/batch"
	"github.com/desir-go/desir/internal/pack"
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
		add(q.name, q.request.append(nil))
	}
	for _, e := range entries {
		var b []byte
		for _, r := range e.results {
			b = r.append(b)
		}
		add(e.name, b)
	}
	for _, e := range failures {
		add(e.name, appendError(nil, e.err, "host:1"))
	}
	add("cancel of calls 7 and 300", cancelOf(t, 7, 300))
	for _, q := range sealedRequests {
		frame, err := goldenSeal.sealRequest(nil, &q.request, 1760000000000)
		if err != nil {
			t.Fatal(err)
		}
		add(q.name, frame)
	}
	body, err := goldenSeal.sealResult(&sealedRequests[0].request, result{77, stateDone, "\xcc\x96"})
	if err != nil {
		t.Fatal(err)
	}
	add("entry of a result under a codec", (&result{77, stateDone, string(body)}).append(nil))
	add("calls 7 and 300 that a worker has", appendIDs(nil, []uint64{7, 300}))
	return names, all
}

const goldenInbox = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

var requests = []struct {
	name string
	request
}{
	{"call of Sum with [10, 20, 30, 40, 50]", request{inbox: goldenInbox, id: 1, method: "Sum", signature: "[int]>int", body: "\x95\x0a\x14\x1e\x28\x32"}},
	{"call with a deadline and headers", request{
		inbox: goldenInbox, id: 300, method: "Greet", signature: "text>text", deadline: 1760000000000,
		headers: map[string]string{"lang": "en", "a": ""}, body: "\xa3Ada",
	}},
	{"call of two parameters", request{inbox: goldenInbox, id: 2, method: "Divide", signature: "(int,int)>int", body: "\x92\x2a\x06"}},
	{"call without a value", request{inbox: goldenInbox, id: 3, method: "Reset", signature: "nil>nil", body: "\xc0"}},
	{"call by name alone", request{inbox: goldenInbox, id: 4, method: "Sum", signature: "any>any", body: "\x92\x01\x02"}},
	{"cast", request{method: "Greet", signature: "text>text", body: "\xa3Ada"}},
	{"ping", request{inbox: goldenInbox, id: 5, method: pingName, signature: "nil>nil", body: "\xc0"}},
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

var goldenSeal = newSealer(showing{}, "calc")

var sealedRequests = []struct {
	name string
	request
}{
	{"call under a codec", request{inbox: goldenInbox, id: 77, method: "Sum", signature: "[int]>int", headers: map[string]string{"lang": "en"}, body: "\x92\x01\x02"}},
	{"call under a codec with a deadline and an inbox below a prefix", request{inbox: "calc:inbox:" + goldenInbox, id: 78, method: "Sum", signature: "[int]>int", deadline: 1760000001000, body: "\x90"}},
	{"cast under a codec", request{id: 79, method: "Greet", signature: "text>text", body: "\xa3Ada"}},
}

var entries = []struct {
	name    string
	results []result
}{
	{"entry of one result", []result{{1, stateDone, "\xcc\x96"}}},
	{"entry of two results", []result{{300, stateDone, "\xa9hello Ada"}, {2, stateFailed, string(appendError(nil, Errorf(InvalidArgument, "division by zero"), "host:1"))}}},
	{"entry of a refusal", []result{{6, stateRefused, string(appendError(nil, &Error{Code: Unimplemented, Message: "the worker has no such method"}, "host:1"))}}},
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

// cancelOf returns the message that a client publishes when it cancels calls.
func cancelOf(t *testing.T, ids ...uint64) []byte {
	t.Helper()
	rdb := redis.NewClient(&redis.Options{Addr: "localhost:0"}) // never connected
	defer rdb.Close()
	c := NewClient(rdb, "calc")
	ib, err := c.sharedInbox()
	if err != nil {
		t.Fatal(err)
	}
	var calls []*batch.Call
	for _, id := range ids {
		calls = append(calls, &batch.Call{Value: string(pack.AppendUint(nil, id))})
	}
	args := c.newCancelMerger().Command(context.Background(), calls).Args()
	return bytes.ReplaceAll(args[2].([]byte), []byte(ib.id), []byte(goldenInbox))
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
		var got request
		err := got.parse(golden[want.name])
		got.beforeBody = ""
		if err != nil || !reflect.DeepEqual(got, want.request) {
			t.Errorf("%s is read as %+v, %v", want.name, got, err)
		}
	}
	for _, want := range entries {
		var got []result
		p := pack.Reader{Data: golden[want.name]}
		for r := (result{}); r.next(&p); {
			got = append(got, r)
		}
		if !slices.Equal(got, want.results) {
			t.Errorf("%s is read as %+v", want.name, got)
		}
	}
	for _, want := range failures {
		got, ok := parseError(golden[want.name], "M")
		if !ok || got.Code != topError(want.err).Code || got.Message != want.err.Error() || got.Worker != "host:1" {
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
		var got request
		err := got.parse(golden[want.name])
		made, bad := goldenSeal.openRequest(&got)
		got.beforeBody = ""
		if err != nil || bad != nil || made != 1760000000000 || !reflect.DeepEqual(got, want.request) {
			t.Errorf("%s is read as %+v, made at %d; %v, %v", want.name, got, made, err, bad)
		}
	}
	gone := parseCancel(golden["cancel of calls 7 and 300"])
	if gone.inbox != goldenInbox || !slices.Equal(gone.ids, []uint64{7, 300}) {
		t.Errorf("a cancel is read as %v", gone)
	}
	if had := parseIDs(golden["calls 7 and 300 that a worker has"]); !slices.Equal(had, []uint64{7, 300}) {
		t.Errorf("calls that a worker has are read as %v", had)
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
