package rpc

import (
	"errors"
	"maps"
	"slices"

	"github.com/desir-go/desir/internal/pack"
)

// version is the first element of a call's frame. resultField, its text, is the field of
// inbox entries that contain results. See docs/wire.md.
const (
	version     = 1
	resultField = "1"
	newField    = "new"   // field of the first entry of a new inbox
	heldField   = "held"  // field of an entry with the IDs of calls that a worker runs
	newFirst    = "first" // made before any call was stored: nothing can be lost
	newAgain    = "again"
)

const (
	maxBody    = 1 << 20 // of a call or of a result
	maxFrame   = maxBody + 64<<10
	maxHeaders = 64
	maxField   = 1 << 12 // of a name, a type signature, a header; in bytes
	inboxChars = 26      // length of an ID made by crypto/rand.Text
)

// request is the frame of a call: an array of the version and these fields.
type request struct {
	inbox      string // inbox for the result; empty for a cast
	id         uint64 // unique within the inbox
	method     string
	signature  string // type signature of request and result
	deadline   uint64 // ms of the server's clock; 0: none
	headers    map[string]string
	body       string // one msgpack value, or the output of a codec
	beforeBody string // in a parsed frame: all bytes in front of the body
}

const requestFields = 8

func (r *request) append(b []byte) []byte { return pack.AppendBinary(r.appendBeforeBody(b), r.body) }

// appendBeforeBody appends everything in front of the body.
func (r *request) appendBeforeBody(b []byte) []byte {
	b = pack.AppendArray(b, requestFields)
	b = pack.AppendUint(b, version)
	b = pack.AppendString(b, r.inbox)
	b = pack.AppendUint(b, r.id)
	b = pack.AppendString(b, r.method)
	b = pack.AppendString(b, r.signature)
	b = pack.AppendUint(b, r.deadline)
	return appendStringMap(b, r.headers)
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
)

// parse parses a frame. The strings share the memory of data. If parse fails after the
// ID, inbox and id are set, so that the client can be sent a refusal.
func (r *request) parse(data string) error {
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
	if inbox != "" && !isInbox(inbox) {
		return errInbox
	}
	r.inbox, r.id = inbox, id
	r.method, r.signature, r.deadline = p.String(), p.String(), p.Uint()
	r.headers = readStringMap(&p)
	r.beforeBody = data[:len(data)-p.Len()]
	r.body = p.Binary()
	if p.Bad() || p.Len() > 0 || len(r.method) > maxField || len(r.signature) > maxField {
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
	if n > maxHeaders {
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

// States of a result.
const (
	stateDone    = 0 // the body is the value
	stateFailed  = 1 // the body is the handler's error
	stateRefused = 2 // the body is an error, and no handler ran
)

// result is the frame of a result. An inbox entry contains one or more of them.
type result struct {
	id    uint64
	state uint64
	body  string
}

const resultFields = 3

func (r *result) append(b []byte) []byte {
	b = pack.AppendArray(b, resultFields)
	b = pack.AppendUint(b, r.id)
	b = pack.AppendUint(b, r.state)
	return pack.AppendBinary(b, r.body)
}

// next reads the next result. It returns false at the end and at an invalid result.
func (r *result) next(p *pack.Reader) bool {
	if p.Len() == 0 || p.Array() != resultFields {
		return false
	}
	r.id, r.state, r.body = p.Uint(), p.Uint(), p.Binary()
	return !p.Bad()
}
