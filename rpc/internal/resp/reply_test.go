package resp

import (
	"bytes"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/conn"
)

func newReply(raw string) *Reply { return NewReply(strings.NewReader(raw)) }

// TestRead decodes replies for a command without Decode.
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
		">2\r\n+message\r\n$1\r\nx\r\n_\r\n":   {null: true}, // a push before the reply
		"|1\r\n+ttl\r\n:1\r\n-ERR no\r\n":      {err: "ERR no"},
		"%1\r\n+k\r\n*2\r\n:1\r\n*-1\r\n":      {},
		",1.5\r\n":                             {},
		"#t\r\n":                               {},
		"(123456789012345678901234567890\r\n":  {},
		"=7\r\ntxt:abc\r\n":                    {},
		"~1\r\n$-1\r\n":                        {},
		"*2\r\n|1\r\n+a\r\n+b\r\n:1\r\n:2\r\n": {}, // an attribute within the reply
	} {
		r := newReply(raw + "+next\r\n")
		var c Command
		if err := c.read(r); err != nil && want.err == "" {
			t.Errorf("%q: %v", raw, err)
		}
		if c.Null != want.null || want.err == "" && c.Err != nil || want.err != "" && c.Err.Error() != want.err {
			t.Errorf("%q: null %t, %v", raw, c.Null, c.Err)
		}
		if next := r.Text(); next != "next" {
			t.Errorf("%q: what comes after it is %q, %v", raw, next, r.Err())
		}
	}
}

// TestPendingInterrupt interrupts the reading of a reply: the reading continues, and the
// next wait ends.
func TestPendingInterrupt(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	cn := &Conn{raw: &conn.Raw{Conn: near}, timeout: time.Minute, deadlinesSet: time.Now()}
	cn.reply = NewReply(connReader{cn})
	var first, second Command
	read := make(chan error, 1)
	go func() { read <- cn.ReceiveInterruptible(&first) }()
	for i, part := range []string{"*1\r\n", "+a\r\n"} {
		if i == 1 {
			cn.Interrupt()
		}
		if _, err := far.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-read; err != nil {
		t.Fatalf("the reply: %v", err)
	}
	if err := cn.ReceiveInterruptible(&second); !errors.Is(err, ErrInterrupted) {
		t.Fatalf("the next wait: %v; want ErrInterrupted", err)
	}
	go far.Write([]byte("+b\r\n"))
	if err := cn.ReceiveInterruptible(&second); err != nil {
		t.Errorf("the next reply: %v", err)
	}
}

// TestInvalid decodes invalid replies.
func TestInvalid(t *testing.T) {
	deep := strings.Repeat("*1\r\n", maxDepth+2) + ":1\r\n"
	for _, raw := range []string{
		"", "+", "+OK", "+OK\n", "x\r\n", "\r\n", "$\r\n", "$a\r\n", "$-2\r\n\r\n", "$1\r\nab\r\n", "$2\r\nab", "$9999999999\r\n",
		"*1\r\n", "*-5\r\n", "*99999999999\r\n", "!-1\r\n", "$3\r\nabcd\r\n", "$5\r\nab\r\n", "*2\r\n:1\r\n", deep,
		"+" + strings.Repeat("x", 1<<16) + "\r\n",
		"$-0\r\n\r\n", "*-0\r\n", "$+0\r\n\r\n", "%-1\r\n", ">-1\r\n", "~-1\r\n", "#x\r\n", "#\r\n", ":abc\r\n", ":\r\n", "_x\r\n",
	} {
		var c Command
		if err := c.read(newReply(raw)); err == nil || c.Err == nil {
			t.Errorf("%.40q is a valid reply", raw)
		}
	}
}

// TestKinds asks for values of the right and of the wrong kind.
func TestKinds(t *testing.T) {
	for raw, read := range map[string]func(*Reply){
		"+a\r\n":   func(r *Reply) { r.List() },
		"*0\r\n":   func(r *Reply) { r.Text() },
		"$-1\r\n":  func(r *Reply) { r.Text() },
		"+abc\r\n": func(r *Reply) { r.Int() },
	} {
		r := newReply(raw + "+next\r\n")
		read(r)
		first := r.Err()
		if !errors.Is(first, errInvalidReply) {
			t.Errorf("%q: %v", raw, first)
		}
		if r.Text() != "" || r.List() != 0 || r.Int() != 0 || !errors.Is(r.Err(), first) {
			t.Errorf("%q: more was read after %v; then %v", raw, first, r.Err())
		}
	}
	if r := newReply("$2\r\n42\r\n"); r.Int() != 42 || r.Err() != nil {
		t.Errorf("a number as text: %v", r.Err())
	}
	if r := newReply("%2\r\n"); r.List() != 4 || r.Err() != nil {
		t.Errorf("a map: %v", r.Err())
	}
	var reply redis.Error
	r := newReply("-ERR no\r\n")
	if r.Text(); !errors.As(r.Err(), &reply) || reply.Error() != "ERR no" {
		t.Errorf("an error within a reply: %v", r.Err())
	}
}

// TestLengths reads strings of several lengths. A length without bytes allocates little
// memory.
func TestLengths(t *testing.T) {
	for _, n := range []int{0, 1, maxPrealloc - 1, maxPrealloc, maxPrealloc + 1, 5 << 20} {
		want := strings.Repeat("0123456789abcdef", n/16+1)[:n]
		r := newReply(string(appendString(nil, want)) + "+next\r\n")
		if got := r.Text(); got != want {
			t.Errorf("a text of %d bytes is one of %d", n, len(got))
		}
		if next := r.Text(); next != "next" {
			t.Errorf("after %d bytes comes %q, %v", n, next, r.Err())
		}
	}
	r := newReply("$536870912\r\nabc")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r.Text()
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 8*maxPrealloc || !errors.Is(r.Err(), io.ErrUnexpectedEOF) {
		t.Errorf("%d bytes of memory, %v", n, r.Err())
	}
}

// FuzzReply decodes arbitrary bytes, by skipping and as a tree of lists and strings.
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
		for r.Err() == nil {
			r.List()
			r.Text()
		}
	})
}

// FuzzText encodes a command with arbitrary arguments and decodes it again.
func FuzzText(f *testing.F) {
	f.Add("set", "k", "")
	f.Add("", "\r\n", "$1\r\nx\r\n")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		args := []string{a, b, c}
		r := newReply(string((&Command{Args: args}).append(nil)))
		if n := r.List(); n != 3 {
			t.Fatalf("%d words, %v", n, r.Err())
		}
		for _, want := range args {
			if got := r.Text(); got != want {
				t.Fatalf("the word %q is %q, %v", want, got, r.Err())
			}
		}
		if err := r.Err(); err != nil {
			t.Fatal(err)
		}
		if r.Text(); !errors.Is(r.Err(), io.ErrUnexpectedEOF) {
			t.Errorf("more than that: %v", r.Err())
		}
	})
}
