package channel

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"github.com/desir-go/desir/internal/keys"
)

// letterHeader is the metadata of a letter. The codec covers it together with the value.
type letterHeader struct {
	question bool   // the reply goes to a dedicated address
	from     string // the sender's mailbox
	id       string
	re       string // the ID of the letter that this one replies to, or ""
}

const (
	statementMark = '.'
	questionMark  = '?'

	maxID   = 64
	maxName = 1 << 20 // bytes of a string in a header
)

// String returns the header as it is stored before the value: a mark, then the strings as
// netstrings.
func (h letterHeader) String() string {
	b := make([]byte, 1, len(h.from)+len(h.id)+len(h.re)+20)
	b[0] = statementMark
	if h.question {
		b[0] = questionMark
	}
	for _, s := range []string{h.from, h.id, h.re} {
		b = strconv.AppendInt(b, int64(len(s)), 10)
		b = append(b, ':')
		b = append(b, s...)
		b = append(b, ',')
	}
	return string(b)
}

// parseHeader parses the header at the beginning of data, and returns its length. It accepts the
// output of String only if the address is valid as a key and the IDs as part of a key.
func parseHeader(data []byte) (h letterHeader, length int, ok bool) {
	if len(data) == 0 || data[0] != statementMark && data[0] != questionMark {
		return h, 0, false
	}
	h.question = data[0] == questionMark
	rest := data[1:]
	for _, s := range []*string{&h.from, &h.id, &h.re} {
		if *s, rest, ok = parseNetstring(rest); !ok {
			return letterHeader{}, 0, false
		}
	}
	if keys.CheckTag(h.from) != nil || !isID(h.id) || h.re != "" && !isID(h.re) {
		return letterHeader{}, 0, false
	}
	return h, len(data) - len(rest), true
}

// headerLen returns the length of the header, for the codec.
func headerLen(data []byte) (length int, ok bool) {
	_, length, ok = parseHeader(data)
	return length, ok
}

// parseNetstring reads a netstring at the beginning of data.
func parseNetstring(data []byte) (s string, rest []byte, ok bool) {
	digits, _, ok := bytes.Cut(data[:min(len(data), len("1048576:"))], []byte(":"))
	if !ok {
		return "", nil, false
	}
	n, err := strconv.ParseUint(string(digits), 10, 32)
	if err != nil || n > maxName || len(digits) > 1 && digits[0] == '0' {
		return "", nil, false
	}
	rest = data[len(digits)+1:]
	if uint64(len(rest)) <= n || rest[n] != ',' {
		return "", nil, false
	}
	return string(rest[:n]), rest[n+1:], true
}

// isID reports whether s consists of 1 to 64 letters, digits, - and _.
func isID(s string) bool {
	return s != "" && len(s) <= maxID && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && r != '-' && r != '_'
	})
}

// splitTime splits a stored letter into the server's time and the rest.
func splitTime(stored string) (at time.Time, body string, ok bool) {
	const digits = 16 // enough for the years 2001 to 2286
	micros, _, ok := strings.Cut(stored[:min(len(stored), digits+1)], " ")
	if !ok {
		return at, "", false
	}
	n, err := strconv.ParseUint(micros, 10, 63)
	if err != nil {
		return at, "", false
	}
	return time.UnixMicro(int64(n)).UTC(), stored[len(micros)+1:], true
}
