package wire

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/pack"
)

// version is the first element of a call's frame. ResultField, its text, is the field of
// inbox entries that contain results. See docs/wire.md.
const (
	version     = 1
	ResultField = "1"
	NewField    = "new"   // field of the first entry of a new inbox
	HeldField   = "held"  // field of an entry with the IDs of calls that a worker runs
	NewFirst    = "first" // made before any call was stored: nothing can be lost
	NewAgain    = "again"
)

// Limits of a frame, in bytes and numbers.
const (
	MaxBody    = 1 << 20 // of a call or of a result
	MaxFrame   = MaxBody + 64<<10
	MaxHeaders = 64
	MaxField   = 1 << 12 // of a name, a type signature, a header; in bytes
	inboxChars = 26      // length of an ID made by crypto/rand.Text
)

// Request is the frame of a call: an array of the version and these fields.
type Request struct {
	Inbox      string // inbox for the result; empty for a cast
	ID         uint64 // unique within the inbox
	Method     string
	Signature  string // type signature of request and result
	Deadline   uint64 // ms of the server's clock; 0: none
	Headers    map[string]string
	Body       string // one msgpack value, or the output of a codec
	beforeBody string // in a parsed frame: all bytes in front of the body
}

const requestFields = 8

// Sealed reports whether a codec was applied to the contents.
func (r *Request) Sealed() bool { return strings.HasPrefix(r.Signature, sealedPrefix) }

// Append appends the frame.
func (r *Request) Append(b []byte) []byte { return pack.AppendBinary(r.appendBeforeBody(b), r.Body) }

// appendBeforeBody appends everything in front of the body.
func (r *Request) appendBeforeBody(b []byte) []byte {
	b = pack.AppendArray(b, requestFields)
	b = pack.AppendUint(b, version)
	b = pack.AppendString(b, r.Inbox)
	b = pack.AppendUint(b, r.ID)
	b = pack.AppendString(b, r.Method)
	b = pack.AppendString(b, r.Signature)
	b = pack.AppendUint(b, r.Deadline)
	return appendStringMap(b, r.Headers)
}

func appendStringMap(b []byte, m map[string]string) []byte {
	b = pack.AppendMap(b, len(m))
	if len(m) == 0 {
		return b
	}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		b = pack.AppendString(pack.AppendString(b, k), m[k])
	}
	return b
}

var (
	errFrame   = errors.New("invalid call frame")
	errVersion = errors.New("unsupported frame version")
	errInbox   = errors.New("invalid inbox name")
	errLarge   = fmt.Errorf("%w: the limit of a request is %d bytes", codec.ErrTooLarge, MaxBody)
)

// Parse parses a frame. The strings share the memory of data. If parse fails after the
// ID, inbox and id are set, so that the client can be sent a refusal.
func (r *Request) Parse(data string) error {
	if len(data) <= MaxFrame {
		return r.parseWhole(data)
	}
	if err := r.parseWhole(data[:MaxFrame]); err == nil || r.Inbox != "" { // enough to learn the inbox and the ID
		return errLarge
	}
	return errFrame
}

func (r *Request) parseWhole(data string) error {
	p := pack.Reader{Data: data}
	if p.Array() != requestFields {
		return errFrame
	}
	if p.Uint() != version {
		return errVersion
	}
	inbox, id := p.String(), p.Uint()
	if p.Bad() {
		return errFrame
	}
	if inbox != "" && !IsInbox(inbox) {
		return errInbox
	}
	r.Inbox, r.ID = inbox, id
	r.Method, r.Signature, r.Deadline = p.String(), p.String(), p.Uint()
	r.Headers = readStringMap(&p)
	r.beforeBody = data[:len(data)-p.Len()]
	r.Body = p.Binary()
	if p.Bad() || p.Len() > 0 || len(r.Method) > MaxField || len(r.Signature) > MaxField {
		return errFrame
	}
	return nil
}

// readStringMap reads a map of strings; nil if it is empty.
func readStringMap(p *pack.Reader) map[string]string {
	n := p.Map()
	if n == 0 {
		return nil
	}
	if n > MaxHeaders {
		p.Fail()
		return nil
	}
	m := make(map[string]string, n)
	for range n {
		k := p.String()
		m[k] = p.String()
	}
	return m
}

// Nil is nil in msgpack.
const Nil = 0xc0

// Ping is the name of a method that every worker has.
const Ping = "desir.ping"

// States of a result.
const (
	StateDone    = 0 // the body is the value
	StateFailed  = 1 // the body is the handler's error
	StateRefused = 2 // the body is an error, and no handler ran
)

// Result is the frame of a result. An inbox entry contains one or more of them.
type Result struct {
	ID    uint64
	State uint64
	Body  string
}

const resultFields = 3

// Append appends the frame.
func (r *Result) Append(b []byte) []byte {
	b = pack.AppendArray(b, resultFields)
	b = pack.AppendUint(b, r.ID)
	b = pack.AppendUint(b, r.State)
	return pack.AppendBinary(b, r.Body)
}

// Next reads the next result. It returns false at the end and at an invalid result.
func (r *Result) Next(p *pack.Reader) bool {
	if p.Len() == 0 || p.Array() != resultFields {
		return false
	}
	r.ID, r.State, r.Body = p.Uint(), p.Uint(), p.Binary()
	return !p.Bad()
}
