package link

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unsafe"
)

// Reply is an answer that is read value by value, in RESP2 or RESP3
// (https://redis.io/docs/latest/develop/reference/protocol-spec/). What is not as it should
// be is an error: nothing more can be read then, and what is asked for is zero.
type Reply struct {
	in  *bufio.Reader
	err error
}

// NewReply reads answers from in.
func NewReply(in io.Reader) *Reply { return &Reply{in: bufio.NewReaderSize(in, inSize)} }

// Err returns the first error.
func (r *Reply) Err() error { return r.err }

// fail notes an error, if it is the first.
func (r *Reply) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// Answer is an error that the server sent.
type Answer string

func (a Answer) Error() string { return string(a) }

// RedisError marks it as that.
func (Answer) RedisError() {}

var errReply = errors.New("link: an answer that is not RESP")

// head is the first line of a value: what it is, and its length where it has one. -1 is
// null.
type head struct {
	kind byte // 0 after an error
	n    int
	line []byte // the rest of it; valid until the next is read
}

const (
	maxText = 512 << 20 // bytes, as the server's own bound
	maxList = 1 << 30   // values
	maxDeep = 16        // lists in lists
)

func (r *Reply) head() head {
	if r.err != nil {
		return head{}
	}
	line, err := r.in.ReadSlice('\n')
	if err == nil {
		if h, good := parse(line); good {
			return h
		}
		err = errReply
	}
	if errors.Is(err, bufio.ErrBufferFull) {
		err = errReply
	}
	r.fail(end(err))
	return head{}
}

// parse reports also whether the line is as it should be.
func parse(line []byte) (h head, good bool) {
	if len(line) < 3 || line[len(line)-2] != '\r' {
		return h, false
	}
	h = head{kind: line[0], line: line[1 : len(line)-2]}
	most := maxList
	switch h.kind {
	case '+', '-', ',', '(':
		return h, true
	case '#':
		return h, view(h.line) == "t" || view(h.line) == "f"
	case ':':
		_, err := strconv.ParseInt(view(h.line), 10, 64)
		return h, err == nil
	case '_':
		h.n = -1
		return h, len(h.line) == 0
	case '$', '*':
		if view(h.line) == "-1" {
			h.n = -1
			return h, true
		}
	case '=', '!', '~', '>', '%', '|':
	default:
		return h, false
	}
	if h.kind == '$' || h.kind == '=' || h.kind == '!' {
		most = maxText
	}
	n, err := strconv.ParseUint(view(h.line), 10, 31) // which has no sign
	h.n = int(n)
	return h, err == nil && h.n <= most
}

// isAside reports whether a value is none of the answer: a push, or an attribute of what follows.
func isAside(kind byte) bool { return kind == '>' || kind == '|' }

// end is what the end of the connection is within an answer.
func end(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// List begins a list, or a map, whose keys and values follow each other. It returns how
// many values follow; -1 is null.
func (r *Reply) List() int {
	h := r.head()
	switch h.kind {
	case '*', '~', '_':
		return h.n
	case '%':
		return 2 * h.n
	}
	r.other(h, "a list")
	return 0
}

// Text reads a text or a number as text.
func (r *Reply) Text() string {
	h := r.head()
	switch h.kind {
	case '+', ':':
		return string(h.line)
	case '$':
		if h.n >= 0 {
			return r.text(h.n)
		}
	}
	r.other(h, "a text")
	return ""
}

// Int reads an integer, or one that is written as text.
func (r *Reply) Int() int64 {
	n, err := strconv.ParseInt(r.Text(), 10, 64)
	if err != nil {
		r.fail(errReply)
	}
	return n
}

// Skip reads a value that nobody wants.
func (r *Reply) Skip() { r.skip(maxDeep) }

func (r *Reply) skip(deep int) {
	h := r.head()
	r.rest(h, deep)
	if h.kind == '|' && deep != maxDeep {
		r.skip(deep - 1) // what has the attribute
	}
}

// rest reads what follows a head that nobody wants.
func (r *Reply) rest(h head, deep int) {
	n := h.n
	switch h.kind {
	case '$', '=', '!':
		if n >= 0 {
			_, err := r.in.Discard(n)
			r.crlf(err)
		}
		return
	case '%', '|':
		n *= 2
	case '*', '~', '>':
	default:
		return
	}
	if deep <= 0 {
		r.fail(errReply)
	}
	for ; n > 0 && r.err == nil; n-- {
		r.skip(deep - 1)
	}
}

// text reads n bytes and the end of the line.
func (r *Reply) text(n int) string {
	if r.err != nil {
		return ""
	}
	var b []byte
	var err error
	if n <= atOnce {
		b = make([]byte, n)
		_, err = io.ReadFull(r.in, b)
	} else { // no more memory than there are bytes
		var room bytes.Buffer
		room.Grow(atOnce + bytes.MinRead)
		_, err = io.CopyN(&room, r.in, int64(n))
		b = room.Bytes()
	}
	r.crlf(err)
	return view(b)
}

const atOnce = 64 << 10 // bytes that a length alone gets memory for

// crlf reads the end of a line, if there was no error before.
func (r *Reply) crlf(err error) {
	var b [2]byte
	for i := 0; i < len(b) && err == nil; i++ {
		b[i], err = r.in.ReadByte()
	}
	switch {
	case err != nil:
		r.fail(end(err))
	case b != [2]byte{'\r', '\n'}:
		r.fail(errReply)
	}
}

// other is the error of a value that is not what was asked for.
func (r *Reply) other(h head, want string) {
	if h.kind == '-' {
		r.fail(fmt.Errorf("link: an error within an answer: %w", Answer(h.line)))
	} else {
		r.fail(fmt.Errorf("%w of the kind asked for: %q, not %s", errReply, h.kind, want))
	}
}

// begin reads what an answer begins with: pushes and attributes before it, which belong
// to nothing here, and the answer itself if it is an error or null. The others are to be read.
func (r *Reply) begin() (null bool, answer error) {
	kind := r.peek(0)
	for isAside(kind) {
		r.Skip()
		kind = r.peek(0)
	}
	switch {
	case kind == '-':
		return false, Answer(r.head().line)
	case kind == '!':
		return false, Answer(r.text(r.head().n))
	case kind == '_', (kind == '*' || kind == '$') && r.peek(1) == '-':
		r.head()
		return true, nil
	}
	return false, nil
}

// peek returns a byte that is to be read; 0 after an error.
func (r *Reply) peek(i int) byte {
	if r.err != nil {
		return 0
	}
	b, err := r.in.Peek(i + 1)
	if err != nil {
		r.fail(err)
		return 0
	}
	return b[i]
}

// view returns bytes that nobody changes as a string.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
