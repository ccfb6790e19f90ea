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

// Reply decodes a reply value by value, in RESP2 or RESP3
// (https://redis.io/docs/latest/develop/reference/protocol-spec/). After invalid input,
// Err returns an error, nothing more can be read, and all values are zero.
type Reply struct {
	in  *bufio.Reader
	err error
}

// NewReply returns a Reply that reads from in.
func NewReply(in io.Reader) *Reply { return &Reply{in: bufio.NewReaderSize(in, inSize)} }

// Err returns the first error.
func (r *Reply) Err() error { return r.err }

// fail records an error, if it is the first.
func (r *Reply) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// Answer is an error reply of the server.
type Answer string

func (a Answer) Error() string { return string(a) }

// RedisError marks it as an error of the server, as in go-redis.
func (Answer) RedisError() {}

var errReply = errors.New("link: a reply that is not valid RESP")

// head is the first line of a value: its kind, and its length if it has one. -1 is null.
type head struct {
	kind byte // 0 after an error
	n    int
	line []byte // the rest of the line; valid until the next read
}

const (
	maxText = 512 << 20 // bytes, the server's own limit
	maxList = 1 << 30   // values
	maxDeep = 16        // nesting of lists
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

// parse parses the first line of a value. It reports whether the line is valid.
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
	n, err := strconv.ParseUint(view(h.line), 10, 31) // ParseUint rejects a sign
	h.n = int(n)
	return h, err == nil && h.n <= most
}

// isAside reports whether a value does not belong to the reply: a push, or an attribute
// of the next value.
func isAside(kind byte) bool { return kind == '>' || kind == '|' }

// end converts the end of the connection within a reply.
func end(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// List reads the head of a list or a map. The keys and values of a map follow each other.
// It returns the number of values that follow; -1 is null.
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

// Text reads a string, or a number as text.
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

// Int reads an integer, or a string that contains one.
func (r *Reply) Int() int64 {
	n, err := strconv.ParseInt(r.Text(), 10, 64)
	if err != nil {
		r.fail(errReply)
	}
	return n
}

// Skip skips a value.
func (r *Reply) Skip() { r.skip(maxDeep) }

func (r *Reply) skip(deep int) {
	h := r.head()
	r.rest(h, deep)
	if h.kind == '|' && deep != maxDeep {
		r.skip(deep - 1) // the value with the attribute
	}
}

// rest skips what follows a head.
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
	} else { // allocate no more than what arrives
		var room bytes.Buffer
		room.Grow(atOnce + bytes.MinRead)
		_, err = io.CopyN(&room, r.in, int64(n))
		b = room.Bytes()
	}
	r.crlf(err)
	return view(b)
}

const atOnce = 64 << 10 // bytes that are allocated for a length alone

// crlf reads the end of a line, unless err is set.
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

// other records the error of an unexpected value.
func (r *Reply) other(h head, want string) {
	if h.kind == '-' {
		r.fail(fmt.Errorf("link: an error within a reply: %w", Answer(h.line)))
	} else {
		r.fail(fmt.Errorf("%w: got %q, want %s", errReply, h.kind, want))
	}
}

// begin reads the start of a reply. It skips pushes and attributes before it. It reads an
// error reply or null completely; any other reply is still to be read.
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

// peek returns the i-th unread byte; 0 after an error.
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

// view returns bytes as a string without copying. They must not change.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
