package rpc

import (
	"runtime"
	"strings"
	"testing"

	"github.com/desir-go/desir/internal/pack"
	"github.com/desir-go/desir/rpc/internal/wire"
)

// bounded fails if f allocates more than its input can justify.
func bounded(t *testing.T, data string, f func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20+200*uint64(len(data)) {
		t.Errorf("%d bytes take %d bytes of memory", len(data), n)
	}
}

// FuzzFrames parses arbitrary bytes as each kind of frame. A valid call is encoded as a
// call again, with valid contents only.
func FuzzFrames(f *testing.F) {
	for _, frame := range readGolden(f) {
		f.Add(frame)
	}
	for _, hostile := range []string{
		"", "\x98", "\xdd\xff\xff\xff\xff", "\x98\x02", "\x98\x01\xa3x:y\x01\xa1M\xa3a>b\x00\x80\xc4\x00",
		"\x98\x01\xa0\x00\xa1M\xa3a>b\x00\xdf\xff\xff\xff\xff", "\x93\x01\x00\xc6\xff\xff\xff\xff", "\x92\xa3x:y\x01", strings.Repeat("\x91", 1000),
	} {
		f.Add(hostile)
	}
	f.Fuzz(func(t *testing.T, data string) {
		bounded(t, data, func() {
			var q, again wire.Request
			err := q.Parse(data)
			if q.Inbox != "" && !wire.IsInbox(q.Inbox) || len(q.Headers) > wire.MaxHeaders || len(q.Method) > wire.MaxFrame {
				t.Errorf("a call says %+v", q)
			}
			if err == nil {
				if err := again.Parse(string(q.Append(nil))); err != nil || string(again.Append(nil)) != string(q.Append(nil)) {
					t.Errorf("%+v is read again as %+v, %v", q, again, err)
				}
			}
			p := pack.Reader{Data: data}
			for r := (wire.Result{}); r.Next(&p); {
				back := pack.Reader{Data: string(r.Append(nil))}
				if same := (wire.Result{}); !same.Next(&back) || same != r || back.Len() > 0 {
					t.Errorf("%+v is read again as %+v", r, same)
				}
			}
			if g := wire.ParseCancel(data); len(g.IDs) > 0 && !wire.IsInbox(g.Inbox) {
				t.Errorf("a cancel is of the inbox %q", g.Inbox)
			}
		})
	})
}

// FuzzError parses arbitrary bytes as the error of a worker. A valid error can be
// formatted, examined and sent on.
func FuzzError(f *testing.F) {
	for name, frame := range readGolden(f) {
		if strings.HasPrefix(name, "error") {
			f.Add(frame)
		}
	}
	f.Add("\x95\x0d\xa1a\xa1b\x80" + strings.Repeat("\x95\x00\xa1a\xa0\xc4\x00\x91", maxDepth+2))
	f.Add("\x95\x0d\xa1a\xa1b\x80\x95\x00\xa1a\xa0\xc4\x00\xdd\xff\xff\xff\xff")
	f.Add("\x95\x02\xa1a\xa1b\x80\x95\x02\xa1a\xacrpc.typedErr\xc4\x01\xc0\x90")
	f.Fuzz(func(t *testing.T, data string) {
		bounded(t, data, func() {
			e, ok := errorOf(data, "M")
			if !ok {
				return
			}
			if e.Code == OK || e.Code > Unauthenticated || len(e.Details) > wire.MaxHeaders || e.cause == nil {
				t.Errorf("an error says %+v", e)
			}
			if countCauses(e) > maxCauses {
				t.Errorf("an error has more than %d causes", maxCauses)
			}
			if again, ok := errorOf(string(errorsOnWire.Append(nil, e, "w")), "M"); !ok || again.Code != e.Code {
				t.Errorf("%+v is sent on as %+v, %t", e, again, ok)
			}
		})
	})
}

// countCauses returns how many errors the tree of causes has.
func countCauses(err error) (n int) {
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		return 1 + countCauses(e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, c := range e.Unwrap() {
			n += countCauses(c)
		}
	}
	return n + 1
}

// FuzzSignatures compares arbitrary type signatures: the comparison ends and is
// symmetric.
func FuzzSignatures(f *testing.F) {
	for _, w := range []string{"[int]", "int?", "(int,text)", "{text:[any]}", "{}", "nil", "any", "[[[[", "{:}", "(,)", "]", "(a(b)c,d)"} {
		f.Add(w, "[int]")
		f.Add(w, w)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if !signaturesMatch(a, a) || !signaturesMatch(a, signatureAny) {
			t.Errorf("%q does not fit itself, or any", a)
		}
		if signaturesMatch(a, b) != signaturesMatch(b, a) {
			t.Errorf("%q fits %q on one side alone", a, b)
		}
		(&signatureMatcher{own: b}).matches(a)
	})
}
