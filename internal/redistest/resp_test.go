package redistest

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// oneOfEach contains one value of every type of RESP2 and RESP3.
var oneOfEach = []string{
	"+OK\r\n", "-ERR no\r\n", ":-12\r\n", "$3\r\na\nb\r\n", "$0\r\n\r\n", "$-1\r\n", "*-1\r\n", "*0\r\n",
	"*2\r\n$3\r\nfoo\r\n*1\r\n:1\r\n", "_\r\n", "#t\r\n", ",1.5\r\n", "(123456789012345678901234567890\r\n",
	"!9\r\nERR oh no\r\n", "=7\r\ntxt:abc\r\n", "%2\r\n+a\r\n:1\r\n+b\r\n*1\r\n_\r\n", "~2\r\n+a\r\n+b\r\n",
	">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$2\r\n\r\n\r\n", "|1\r\n+ttl\r\n:3\r\n$1\r\nv\r\n",
	"*1\r\n|1\r\n+ttl\r\n:3\r\n$1\r\nv\r\n",
}

func TestValuesAreSplit(t *testing.T) {
	stream := strings.Join(oneOfEach, "")
	for name, r := range map[string]io.Reader{
		"at once":      strings.NewReader(stream),
		"byte by byte": iotest.OneByteReader(strings.NewReader(stream)),
	} {
		f := newRESPReader(r)
		var got []string
		for range oneOfEach {
			v, err := f.readValue()
			if err != nil {
				t.Fatalf("%s: %v after %q", name, err, got)
			}
			got = append(got, string(v))
		}
		if diff := cmp.Diff(oneOfEach, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if v, err := f.readValue(); !errors.Is(err, io.EOF) {
			t.Errorf("%s: %q, %v at the end; want EOF", name, v, err)
		}
	}
}

func TestMalformedValues(t *testing.T) {
	for _, tt := range []struct {
		in  string
		err error
	}{
		{"\r\n", errMalformed},
		{"+OK\n", errMalformed},
		{"?1\r\n", errMalformed},
		{"$-2\r\n", errMalformed},
		{"%-1\r\n", errMalformed},
		{"*?\r\n", errMalformed},
		{"$?\r\n", errMalformed},
		{"$2\r\nabc\r\n", errMalformed},
		{"*99999999999\r\n", errMalformed},
		{"*2\r\n+a\r\n", io.ErrUnexpectedEOF},
		{"$2147483647\r\nabc", io.ErrUnexpectedEOF},
		{"+O", io.ErrUnexpectedEOF},
	} {
		raw, err := newRESPReader(strings.NewReader(tt.in)).readValue()
		if !errors.Is(err, tt.err) {
			t.Errorf("%q: %v; want %v", tt.in, err, tt.err)
		}
		if !strings.HasPrefix(tt.in, string(raw)) {
			t.Errorf("%q: %q was read", tt.in, raw)
		}
	}
}

func TestRequestsAreSplit(t *testing.T) {
	const in = "*2\r\n$3\r\nGET\r\n$1\r\na\r\n" + "PING  hello\r\n" + "\r\n" + "*0\r\n" + "*1\r\n$4\r\nPI\r\n\r\n"
	f := newRESPReader(iotest.OneByteReader(strings.NewReader(in)))
	var got [][]string
	var all []byte
	for {
		raw, args, err := f.readRequest()
		all = append(all, raw...)
		if err != nil {
			break
		}
		got = append(got, args)
	}
	want := [][]string{{"GET", "a"}, {"PING", "hello"}, {}, nil, {"PI\r\n"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	if string(all) != in {
		t.Errorf("bytes %q; want %q", all, in)
	}
	for _, bad := range []string{"*1\r\n:1\r\n", "*1\r\n$-1\r\n", "*1\r\n*0\r\n"} {
		if _, args, err := newRESPReader(strings.NewReader(bad)).readRequest(); !errors.Is(err, errMalformed) {
			t.Errorf("%q = %q, %v; want malformed", bad, args, err)
		}
	}
}

// FuzzRESPReader parses arbitrary bytes. The returned bytes must be the bytes that were
// read, also with an error, and independently of the chunks in which they arrive.
func FuzzRESPReader(f *testing.F) {
	for _, v := range oneOfEach {
		f.Add([]byte(v + v))
	}
	f.Add([]byte("*2\r\n$3\r\nGET\r\n$1\r\na\r\nPING\r\n"))
	f.Add([]byte("$2147483647\r\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		type step struct {
			Raw  string
			Args []string
		}
		split := func(r io.Reader, requests bool) (steps []step, rest []byte) {
			f := newRESPReader(r)
			for {
				var s step
				var raw []byte
				var err error
				if requests {
					raw, s.Args, err = f.readRequest()
				} else {
					raw, err = f.readValue()
				}
				s.Raw = string(raw)
				steps = append(steps, s)
				if err != nil {
					left, _ := io.ReadAll(f.r)
					return steps, left
				}
			}
		}
		for _, requests := range []bool{false, true} {
			atOnce, rest := split(bytes.NewReader(in), requests)
			var b strings.Builder
			for _, s := range atOnce {
				b.WriteString(s.Raw)
			}
			b.Write(rest)
			if b.String() != string(in) {
				t.Errorf("read %q; want %q", b.String(), in)
			}
			slowly, _ := split(iotest.OneByteReader(bytes.NewReader(in)), requests)
			if diff := cmp.Diff(atOnce, slowly); diff != "" {
				t.Errorf("at once and byte by byte differ:\n%s", diff)
			}
		}
	})
}

func TestFirstElement(t *testing.T) {
	for reply, want := range map[string]string{
		"*2\r\n$7\r\nmessage\r\n$1\r\na\r\n": "message", "$0\r\n\r\n": "", "*0\r\n": "", "$-1\r\n": "", "+OK\r\n": "", "*1\r\n:1\r\n": "",
	} {
		if got := firstElement([]byte(reply)); got != want {
			t.Errorf("firstElement(%q) = %q; want %q", reply, got, want)
		}
	}
}
