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
// be is an error, and nothing more can be read then.
type Reply struct{ in *bufio.Reader }

// NewReply reads answers from in.
func NewReply(in io.Reader) *Reply { return &Reply{bufio.NewReaderSize(in, inSize)} }

// Answer is an error that the server sent.
type Answer string

func (a Answer) Error() string { return string(a) }

// RedisError marks it as that.
func (Answer) RedisError() {}

var errReply = errors.New("link: an answer that is not RESP")

// head is the first line of a value: what it is, and its length where it has one. -1 is
// null.
type head struct {
	kind byte
	n    int
	line []byte // the rest of it; valid until the next is read
}

const (
	maxText = 512 << 20 // bytes, as the server's own bound
	maxList = 1 << 30   // values
	maxDeep = 16        // lists in lists
)

func (r *Reply) head() (h head, err error) {
	line, err := r.in.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return h, errReply
	case err != nil:
		return h, end(err)
	case len(line) < 3 || line[len(line)-2] != '\r':
		return h, errReply
	}
	h = head{kind: line[0], line: line[1 : len(line)-2]}
	most := maxList
	switch h.kind {
	case '+', '-', ',', '(':
		return h, nil
	case '#':
		return h, unless(view(h.line) == "t" || view(h.line) == "f")
	case ':':
		_, err = strconv.ParseInt(view(h.line), 10, 64)
		return h, unless(err == nil)
	case '_':
		h.n = -1
		return h, unless(len(h.line) == 0)
	case '$', '*':
		if view(h.line) == "-1" {
			h.n = -1
			return h, nil
		}
	case '=', '!', '~', '>', '%', '|':
	default:
		return h, errReply
	}
	if h.kind == '$' || h.kind == '=' || h.kind == '!' {
		most = maxText
	}
	n, err := strconv.ParseUint(view(h.line), 10, 31) // which has no sign
	h.n = int(n)
	return h, unless(err == nil && h.n <= most)
}

// unless returns the error of an answer that is not as it should be.
func unless(good bool) error {
	if good {
		return nil
	}
	return errReply
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
func (r *Reply) List() (int, error) {
	h, err := r.head()
	if err != nil {
		return 0, err
	}
	switch h.kind {
	case '*', '~', '_':
		return h.n, nil
	case '%':
		return 2 * h.n, nil
	}
	return 0, r.other(h, "a list")
}

// Text reads a text or a number as text.
func (r *Reply) Text() (string, error) {
	h, err := r.head()
	if err != nil {
		return "", err
	}
	switch h.kind {
	case '+', ':':
		return string(h.line), nil
	case '$':
		if h.n >= 0 {
			return r.text(h.n)
		}
	}
	return "", r.other(h, "a text")
}

// Int reads an integer, or one that is written as text.
func (r *Reply) Int() (int64, error) {
	text, err := r.Text()
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, errReply
	}
	return n, nil
}

// Skip reads a value that nobody wants.
func (r *Reply) Skip() error { return r.skip(maxDeep) }

func (r *Reply) skip(deep int) error {
	h, err := r.head()
	if err != nil {
		return err
	}
	if err := r.rest(h, deep); err != nil || h.kind != '|' || deep == maxDeep {
		return err
	}
	return r.skip(deep - 1) // what has the attribute
}

// rest reads what follows a head that nobody wants.
func (r *Reply) rest(h head, deep int) error {
	n := h.n
	switch h.kind {
	case '$', '=', '!':
		if n < 0 {
			return nil
		}
		_, err := r.in.Discard(n)
		return r.crlf(err)
	case '%', '|':
		n *= 2
	case '*', '~', '>':
	default:
		return nil
	}
	if deep <= 0 {
		return errReply
	}
	for range n {
		if err := r.skip(deep - 1); err != nil {
			return err
		}
	}
	return nil
}

// text reads n bytes and the end of the line.
func (r *Reply) text(n int) (string, error) {
	var b []byte
	var err error
	if n <= atOnce {
		b = make([]byte, n)
		_, err = io.ReadFull(r.in, b)
	} else { // no more memory than there are bytes
		var room bytes.Buffer
		room.Grow(min(n, believed) + bytes.MinRead)
		_, err = io.CopyN(&room, r.in, int64(n))
		b = room.Bytes()
	}
	return view(b), r.crlf(err)
}

const (
	atOnce   = 64 << 10
	believed = 2 << 20 // bytes of a length
)

// crlf reads the end of a line, if there was no error before.
func (r *Reply) crlf(err error) error {
	if err != nil {
		return end(err)
	}
	var b [2]byte
	if b[0], err = r.in.ReadByte(); err == nil {
		b[1], err = r.in.ReadByte()
	}
	if err != nil {
		return end(err)
	}
	if b != [2]byte{'\r', '\n'} {
		return errReply
	}
	return nil
}

// other is the error of a value that is not what was asked for.
func (r *Reply) other(h head, want string) error {
	switch h.kind {
	case '-':
		return fmt.Errorf("link: an error within an answer: %w", Answer(h.line))
	}
	return fmt.Errorf("%w of the kind asked for: %q, not %s", errReply, h.kind, want)
}

// begin reads what an answer begins with: pushes and attributes before it, which belong
// to nothing here, and the answer itself if it is an error or null. The others are to be read.
func (r *Reply) begin() (null bool, answer, err error) {
	for {
		first, err := r.in.Peek(1)
		if err != nil {
			return false, nil, err
		}
		if isAside(first[0]) {
			if err := r.Skip(); err != nil {
				return false, nil, err
			}
			continue
		}
		switch first[0] {
		case '-':
			h, err := r.head()
			return false, Answer(h.line), err
		case '!':
			h, err := r.head()
			if err != nil {
				return false, nil, err
			}
			text, err := r.text(h.n)
			return false, Answer(text), err
		case '_':
			_, err := r.head()
			return true, nil, err
		case '*', '$':
			if sign, err := r.in.Peek(2); err != nil || sign[1] != '-' {
				return false, nil, err
			}
			_, err := r.head()
			return true, nil, err
		}
		return false, nil, nil
	}
}

// view returns bytes that nobody changes as a string.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
