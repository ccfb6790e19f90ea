package redistest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// errMalformed means that the bytes are not RESP. Streamed values of RESP3 are malformed
// too, since no server sends them.
var errMalformed = errors.New("malformed RESP")

// respReader splits one direction of a connection into requests or replies. It allocates
// memory only for bytes that have arrived, not for announced lengths.
type respReader struct{ r *bufio.Reader }

func newRESPReader(r io.Reader) respReader { return respReader{bufio.NewReaderSize(r, 16<<10)} }

// readRequest returns the bytes of the next request, and its name and arguments. The
// request may be an inline command ("PING\r\n"). args is empty for an empty line.
func (f respReader) readRequest() (raw []byte, args []string, err error) {
	first, err := f.r.Peek(1)
	if err != nil {
		return nil, nil, err
	}
	if first[0] != '*' {
		raw, err = f.r.ReadBytes('\n')
		return raw, strings.Fields(string(raw)), err
	}
	if raw, err = f.readValue(); err != nil {
		return raw, nil, err
	}
	args, err = bulkStrings(raw)
	return raw, args, err
}

// readValue returns the bytes of the next value of RESP2 or RESP3, including nested
// values. If it fails, it returns the bytes that it has read.
func (f respReader) readValue() (raw []byte, err error) {
	for remaining := int64(1); remaining > 0; remaining-- {
		start := len(raw)
		line, err := f.r.ReadBytes('\n')
		raw = append(raw, line...)
		if err != nil {
			return raw, unexpected(err, len(raw))
		}
		more, size, err := header(raw[start:])
		if err != nil {
			return raw, err
		}
		if remaining += more; remaining > 1<<40 {
			return raw, errMalformed
		}
		if size >= 0 {
			if raw, err = f.readBulk(raw, size+2); err != nil {
				return raw, err
			}
		}
	}
	return raw, nil
}

// readBulk reads n bytes and appends them to raw. The last two of them must be CRLF.
func (f respReader) readBulk(raw []byte, n int64) ([]byte, error) {
	const step = 64 << 10
	for n > 0 {
		chunk := min(n, step)
		raw = append(raw, make([]byte, chunk)...)
		got, err := io.ReadFull(f.r, raw[int64(len(raw))-chunk:])
		if err != nil {
			return raw[:int64(len(raw))-chunk+int64(got)], unexpected(err, len(raw))
		}
		n -= chunk
	}
	if !bytes.HasSuffix(raw, []byte("\r\n")) {
		return raw, errMalformed
	}
	return raw, nil
}

// header parses the first line of a value. values is the number of nested values that
// follow. size is the number of bytes that follow, or -1 if none do.
func header(line []byte) (values, size int64, err error) {
	if len(line) < 3 || !bytes.HasSuffix(line, []byte("\r\n")) {
		return 0, -1, errMalformed
	}
	kind, rest := line[0], string(line[1:len(line)-2])
	switch kind {
	case '+', '-', ':', '_', '#', ',', '(':
		return 0, -1, nil
	}
	n, err := strconv.ParseInt(rest, 10, 32)
	if err != nil || n < -1 {
		return 0, -1, errMalformed
	}
	if n == -1 && (kind == '$' || kind == '*') {
		return 0, -1, nil // nil of RESP2
	}
	if n < 0 {
		return 0, -1, errMalformed
	}
	switch kind {
	case '$', '=', '!':
		return 0, n, nil
	case '*', '~', '>':
		return n, -1, nil
	case '%':
		return 2 * n, -1, nil
	case '|': // attributes precede the value that they belong to
		return 2*n + 1, -1, nil
	}
	return 0, -1, errMalformed
}

// unexpected converts io.EOF within a value to io.ErrUnexpectedEOF.
func unexpected(err error, read int) error {
	if errors.Is(err, io.EOF) && read > 0 {
		return io.ErrUnexpectedEOF
	}
	return err
}

// bulkStrings returns the elements of an array of bulk strings.
func bulkStrings(raw []byte) ([]string, error) {
	f := newRESPReader(bytes.NewReader(raw))
	line, err := f.r.ReadBytes('\n')
	if err != nil {
		return nil, err
	}
	n, _, err := header(line)
	if err != nil {
		return nil, err
	}
	var elements []string
	for range n {
		v, err := f.readValue()
		if err != nil {
			return nil, err
		}
		_, body, ok := bytes.Cut(v, []byte("\r\n"))
		if v[0] != '$' || !ok || len(body) < 2 {
			return nil, fmt.Errorf("%w: a request contains a value that is not a bulk string", errMalformed)
		}
		elements = append(elements, string(body[:len(body)-2]))
	}
	return elements, nil
}

// firstElement returns the first element of an array or a push if it is a bulk string,
// and "" for other values.
func firstElement(reply []byte) string {
	_, rest, _ := bytes.Cut(reply, []byte("\r\n"))
	kind, element, ok := bytes.Cut(rest, []byte("\r\n"))
	if !ok || len(kind) == 0 || kind[0] != '$' { // also for an empty bulk string
		return ""
	}
	element, _, _ = bytes.Cut(element, []byte("\r\n"))
	return string(element)
}
