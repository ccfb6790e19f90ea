package link

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

func replyOf(raw string) *Reply { return NewReply(strings.NewReader(raw)) }

// TestRead reads answers as a command without a Take sees them.
func TestRead(t *testing.T) {
	for raw, want := range map[string]struct {
		null bool
		err  string
	}{
		"+OK\r\n":                              {},
		":-1\r\n":                              {},
		"$0\r\n\r\n":                           {},
		"*0\r\n":                               {},
		"_\r\n":                                {null: true},
		"$-1\r\n":                              {null: true},
		"*-1\r\n":                              {null: true},
		"-ERR no\r\n":                          {err: "ERR no"},
		"!6\r\nERR no\r\n":                     {err: "ERR no"},
		">2\r\n+message\r\n$1\r\nx\r\n_\r\n":   {null: true}, // a push before it
		"|1\r\n+ttl\r\n:1\r\n-ERR no\r\n":      {err: "ERR no"},
		"%1\r\n+k\r\n*2\r\n:1\r\n*-1\r\n":      {},
		",1.5\r\n":                             {},
		"#t\r\n":                               {},
		"(123456789012345678901234567890\r\n":  {},
		"=7\r\ntxt:abc\r\n":                    {},
		"~1\r\n$-1\r\n":                        {},
		"*2\r\n|1\r\n+a\r\n+b\r\n:1\r\n:2\r\n": {}, // an attribute within it
	} {
		r := replyOf(raw + "+next\r\n")
		var c Command
		if err := c.read(r); err != nil && want.err == "" {
			t.Errorf("%q: %v", raw, err)
		}
		if c.Null != want.null || want.err == "" && c.Err != nil || want.err != "" && c.Err.Error() != want.err {
			t.Errorf("%q: null %t, %v", raw, c.Null, c.Err)
		}
		if next, err := r.Text(); next != "next" || err != nil {
			t.Errorf("%q: what comes after it is %q, %v", raw, next, err)
		}
	}
}

// TestMissed interrupts the reading of an answer: that goes on, and the next wait ends.
func TestMissed(t *testing.T) {
	here, there := net.Pipe()
	defer here.Close()
	defer there.Close()
	l := &Link{conn: here, patience: time.Minute, armed: time.Now()}
	l.reply = NewReply(wire{l})
	var first, second Command
	read := make(chan error, 1)
	go func() { read <- l.Await(&first) }()
	for i, part := range []string{"*1\r\n", "+a\r\n"} {
		if i == 1 {
			l.Interrupt()
		}
		if _, err := there.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-read; err != nil {
		t.Fatalf("the answer: %v", err)
	}
	if err := l.Await(&second); !errors.Is(err, ErrInterrupted) {
		t.Fatalf("the next wait: %v; want ErrInterrupted", err)
	}
	go there.Write([]byte("+b\r\n"))
	if err := l.Await(&second); err != nil {
		t.Errorf("the next answer: %v", err)
	}
}

// TestGarbled reads what is no answer.
func TestGarbled(t *testing.T) {
	deep := strings.Repeat("*1\r\n", maxDeep+2) + ":1\r\n"
	for _, raw := range []string{
		"", "+", "+OK", "+OK\n", "x\r\n", "\r\n", "$\r\n", "$a\r\n", "$-2\r\n\r\n", "$1\r\nab\r\n", "$2\r\nab", "$9999999999\r\n",
		"*1\r\n", "*-5\r\n", "*99999999999\r\n", "!-1\r\n", "$3\r\nabcd\r\n", "$5\r\nab\r\n", "*2\r\n:1\r\n", deep,
		"+" + strings.Repeat("x", 1<<16) + "\r\n",
		"$-0\r\n\r\n", "*-0\r\n", "$+0\r\n\r\n", "%-1\r\n", ">-1\r\n", "~-1\r\n", "#x\r\n", "#\r\n", ":abc\r\n", ":\r\n", "_x\r\n",
	} {
		var c Command
		if err := c.read(replyOf(raw)); err == nil || c.Err == nil {
			t.Errorf("%.40q is an answer", raw)
		}
	}
}

// TestKinds asks for values that the answer does not have.
func TestKinds(t *testing.T) {
	if _, err := replyOf("+a\r\n").List(); !errors.Is(err, errReply) {
		t.Errorf("a text as list: %v", err)
	}
	if _, err := replyOf("*0\r\n").Text(); !errors.Is(err, errReply) {
		t.Errorf("a list as text: %v", err)
	}
	if _, err := replyOf("$-1\r\n").Text(); !errors.Is(err, errReply) {
		t.Errorf("null as text: %v", err)
	}
	if _, err := replyOf("+a\r\n").Int(); !errors.Is(err, errReply) {
		t.Errorf("a text as number: %v", err)
	}
	if n, err := replyOf("$2\r\n42\r\n").Int(); n != 42 || err != nil {
		t.Errorf("a number as text: %d, %v", n, err)
	}
	if n, err := replyOf("%2\r\n").List(); n != 4 || err != nil {
		t.Errorf("a map: %d values, %v", n, err)
	}
	var answer redis.Error
	if _, err := replyOf("-ERR no\r\n").Text(); !errors.As(err, &answer) || answer.Error() != "ERR no" {
		t.Errorf("an error within an answer: %v", err)
	}
}

// FuzzReply reads anything, as values that nobody wants and as a tree of lists and texts.
func FuzzReply(f *testing.F) {
	for _, raw := range []string{
		"*2\r\n$1\r\na\r\n:1\r\n", "%1\r\n+k\r\n*1\r\n$2\r\nab\r\n", "$536870912\r\n", "*1073741824\r\n", "-ERR\r\n", ">1\r\n:1\r\n_\r\n",
		"|1\r\n+a\r\n+b\r\n$-1\r\n", "*1\r\n*1\r\n*1\r\n*1\r\n",
	} {
		f.Add([]byte(raw))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r := NewReply(bytes.NewReader(raw))
		for err := error(nil); err == nil; {
			err = new(Command).read(r)
		}
		r = NewReply(bytes.NewReader(raw))
		for err := error(nil); err == nil; {
			if _, err = r.List(); err == nil {
				_, err = r.Text()
			}
		}
	})
}

// FuzzText writes a command of any words: it is read as it was.
func FuzzText(f *testing.F) {
	f.Add("set", "k", "")
	f.Add("", "\r\n", "$1\r\nx\r\n")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		words := []string{a, b, c}
		r := replyOf(string((&Command{Words: words}).append(nil)))
		n, err := r.List()
		if n != 3 || err != nil {
			t.Fatalf("%d words, %v", n, err)
		}
		for _, want := range words {
			if got, err := r.Text(); got != want || err != nil {
				t.Fatalf("the word %q is %q, %v", want, got, err)
			}
		}
		if _, err := r.Text(); !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("more than that: %v", err)
		}
	})
}
