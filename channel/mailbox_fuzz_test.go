package channel

import (
	"errors"
	"testing"

	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/keys"
)

// FuzzLetter checks that any bytes decode to a letter or to a DecodeError, and that a header is
// written as it was read.
func FuzzLetter(f *testing.F) {
	for _, seed := range []string{
		"1700000000000000 .3:eve,1:a,0:,5", "1 ?3:eve,26:ABCDEFGHIJKLMNOPQRSTUVWXYZ,2:id,-7", "1 .3:a{b,1:a,0:,",
		" .", "1 .0:,0:,0:,", "9999999999999999 ?1:a,1:b,1:c,x", "1 .4294967297:a,1:b,0:,1", "1 .1048576:a,", "\x01\x02", "",
	} {
		f.Add(seed)
	}
	m := NewMailbox[int](nil, "m")
	f.Fuzz(func(t *testing.T, stored string) {
		l, err := m.decode(&m.letters, stored, "m")
		if bad, ok := errors.AsType[*codec.DecodeError](err); err != nil && (!ok || bad.Key != "m") {
			t.Errorf("%q: %v is no DecodeError of its key", stored, err)
		}
		if err == nil && (l.From == "" || !isID(l.ID) || l.SentAt.Unix() < 0) {
			t.Errorf("%q is %+v", stored, l)
		}
		h, n, ok := parseHeader([]byte(stored))
		if ok && h.String() != stored[:n] {
			t.Errorf("the head %q is written as %q", stored[:n], h.String())
		}
	})
}

// FuzzLetterHeader checks that heads are read as they were written, with any bytes after them.
func FuzzLetterHeader(f *testing.F) {
	f.Add(true, "bob", "id", "re", "value")
	f.Add(false, "{a,1:b", "-", "", "")
	f.Add(false, "}", "", ":", ",")
	f.Fuzz(func(t *testing.T, question bool, from, id, re, value string) {
		want := letterHeader{question, from, id, re}
		usable := keys.CheckTag(from) == nil && isID(id) && (re == "" || isID(re))
		h, n, ok := parseHeader([]byte(want.String() + value))
		if ok != usable || ok && (h != want || n != len(want.String())) {
			t.Errorf("%+v is read as %+v, %d bytes, %t; want %t", want, h, n, ok, usable)
		}
	})
}
