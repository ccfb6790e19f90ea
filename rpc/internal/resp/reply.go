package resp

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
func NewReply(in io.Reader) *Reply { return &Reply{in: bufio.NewReaderSize(in, readBufSize)} }

// Err returns the first error.
func (r *Reply) Err() error { return r.err }

// fail records an error, if it is the first.
func (r *Reply) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// ErrorReply is an error reply of the server.
type ErrorReply string

func (e ErrorReply) Error() string { return string(e) }

// RedisError marks it as an error of the server, as in go-redis.
func (ErrorReply) RedisError() {}

var errInvalidReply = errors.New("a reply that is not valid RESP")

// header is the first line of a value: its kind, and its length if it has one. -1 is
// null.
type header struct {
	kind byte // 0 after an error
	n    int
	line []byte // the rest of the line; valid until the next read
}

const (
	maxString   = 512 << 20 // bytes, the server's own limit
	maxElements = 1 << 30   // values
	maxDepth    = 16        // nesting of lists
)

func (r *Reply) header() header {
	if r.err != nil {
		return header{}
	}
	line, err := r.in.ReadSlice('\n')
	if err == nil {
		if h, ok := parseHeader(line); ok {
			return h
		}
		err = errInvalidReply
	}
	if errors.Is(err, bufio.ErrBufferFull) {
		err = errInvalidReply
	}
	r.fail(unexpectedEOF(err))
	return header{}
}

// parseHeader parses the first line of a value. It reports whether the line is valid.
func parseHeader(line []byte) (h header, ok bool) {
	if len(line) < 3 || line[len(line)-2] != '\r' {
		return h, false
	}
	h = header{kind: line[0], line: line[1 : len(line)-2]}
	limit := maxElements
	switch h.kind {
	case '+', '-', ',', '(':
		return h, true
	case '#':
		return h, viewString(h.line) == "t" || viewString(h.line) == "f"
	case ':':
		_, err := strconv.ParseInt(viewString(h.line), 10, 64)
		return h, err == nil
	case '_':
		h.n = -1
		return h, len(h.line) == 0
	case '$', '*':
		if viewString(h.line) == "-1" {
			h.n = -1
			return h, true
		}
	case '=', '!', '~', '>', '%', '|':
	default:
		return h, false
	}
	if h.kind == '$' || h.kind == '=' || h.kind == '!' {
		limit = maxString
	}
	n, err := strconv.ParseUint(viewString(h.line), 10, 31) // ParseUint rejects a sign
	h.n = int(n)
	return h, err == nil && h.n <= limit
}

// isOutOfBand reports whether a value does not belong to the reply: a push, or an
// attribute of the next value.
func isOutOfBand(kind byte) bool { return kind == '>' || kind == '|' }

// unexpectedEOF converts io.EOF, the end of the connection within a reply.
func unexpectedEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// List reads the header of a list or a map. The keys and values of a map follow each
// other. It returns the number of values that follow; -1 is null.
func (r *Reply) List() int {
	h := r.header()
	switch h.kind {
	case '*', '~', '_':
		return h.n
	case '%':
		return 2 * h.n
	}
	r.unexpected(h, "a list")
	return 0
}

// Text reads a string, or a number as text.
func (r *Reply) Text() string {
	h := r.header()
	switch h.kind {
	case '+', ':':
		return string(h.line)
	case '$':
		if h.n >= 0 {
			return r.bulk(h.n)
		}
	}
	r.unexpected(h, "a text")
	return ""
}

// Int reads an integer, or a string that contains one.
func (r *Reply) Int() int64 {
	n, err := strconv.ParseInt(r.Text(), 10, 64)
	if err != nil {
		r.fail(errInvalidReply)
	}
	return n
}

// Skip skips a value.
func (r *Reply) Skip() { r.skip(maxDepth) }

func (r *Reply) skip(depth int) {
	h := r.header()
	r.skipBody(h, depth)
	if h.kind == '|' && depth != maxDepth {
		r.skip(depth - 1) // the value with the attribute
	}
}

// skipBody skips what follows a header.
func (r *Reply) skipBody(h header, depth int) {
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
	if depth <= 0 {
		r.fail(errInvalidReply)
	}
	for ; n > 0 && r.err == nil; n-- {
		r.skip(depth - 1)
	}
}

// bulk reads a string of n bytes and the end of the line.
func (r *Reply) bulk(n int) string {
	if r.err != nil {
		return ""
	}
	var b []byte
	var err error
	if n <= maxPrealloc {
		b = make([]byte, n)
		_, err = io.ReadFull(r.in, b)
	} else { // allocate no more than what arrives
		var buf bytes.Buffer
		buf.Grow(maxPrealloc + bytes.MinRead)
		_, err = io.CopyN(&buf, r.in, int64(n))
		b = buf.Bytes()
	}
	r.crlf(err)
	return viewString(b)
}

const maxPrealloc = 64 << 10 // bytes that are allocated before any arrives

// crlf reads the end of a line, unless err is set.
func (r *Reply) crlf(err error) {
	var b [2]byte
	for i := 0; i < len(b) && err == nil; i++ {
		b[i], err = r.in.ReadByte()
	}
	switch {
	case err != nil:
		r.fail(unexpectedEOF(err))
	case b != [2]byte{'\r', '\n'}:
		r.fail(errInvalidReply)
	}
}

// unexpected records the error of an unexpected value.
func (r *Reply) unexpected(h header, want string) {
	if h.kind == '-' {
		r.fail(fmt.Errorf("an error within a reply: %w", ErrorReply(h.line)))
	} else {
		r.fail(fmt.Errorf("%w: got %q, want %s", errInvalidReply, h.kind, want))
	}
}

// begin reads the start of a reply. It skips pushes and attributes before it. It reads an
// error reply or null completely; any other reply is still to be read.
func (r *Reply) begin() (null bool, errorReply error) {
	kind := r.peek(0)
	for isOutOfBand(kind) {
		r.Skip()
		kind = r.peek(0)
	}
	switch {
	case kind == '-':
		return false, ErrorReply(r.header().line)
	case kind == '!':
		return false, ErrorReply(r.bulk(r.header().n))
	case kind == '_', (kind == '*' || kind == '$') && r.peek(1) == '-':
		r.header()
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

// viewString returns bytes as a string without copying. They must not change.
func viewString(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
