package rpc

import (
	"errors"
	"maps"
	"slices"

	"github.com/desir-go/desir/internal/pack"
)

// version is the first element of a call's frame, and the name of the field that
// results stand in. See docs/wire.md.
const (
	version     = 1
	resultField = "1"
	newField    = "new"   // of the entry of an inbox that was made
	heldField   = "held"  // of an entry: IDs of calls that a worker has
	newFirst    = "first" // before any call was stored: nothing can be lost
	newAgain    = "again"
)

const (
	maxBody    = 1 << 20 // of a call or of a result
	maxFrame   = maxBody + 64<<10
	maxHeaders = 64
	maxWord    = 1 << 12 // bytes of a name, a type word, a header
	inboxChars = 26      // of crypto/rand.Text
)

// request is the frame of a call: an array of the version and these fields.
type request struct {
	inbox    string // where the result goes, or nothing
	id       uint64 // of the call, for its client
	method   string
	word     string // the types, as both sides see them
	deadline uint64 // ms of the server's clock, or 0
	headers  map[string]string
	body     string // one msgpack value, or what a codec has made of it
	head     string // of a frame that was read: all in front of the body
}

const requestFields = 8

func (r *request) append(b []byte) []byte { return pack.AppendBinary(r.appendHead(b), r.body) }

// appendHead appends all but the body.
func (r *request) appendHead(b []byte) []byte {
	b = pack.AppendArray(b, requestFields)
	b = pack.AppendUint(b, version)
	b = pack.AppendString(b, r.inbox)
	b = pack.AppendUint(b, r.id)
	b = pack.AppendString(b, r.method)
	b = pack.AppendString(b, r.word)
	b = pack.AppendUint(b, r.deadline)
	return appendTexts(b, r.headers)
}

func appendTexts(b []byte, texts map[string]string) []byte {
	b = pack.AppendMap(b, len(texts))
	if len(texts) == 0 {
		return b
	}
	for _, k := range slices.Sorted(maps.Keys(texts)) {
		b = pack.AppendString(pack.AppendString(b, k), texts[k])
	}
	return b
}

var (
	errFrame   = errors.New("not a frame of a call")
	errVersion = errors.New("a frame of another version")
	errInbox   = errors.New("not the name of an inbox")
)

// parse reads a frame. Its strings are parts of data. If it fails behind the ID,
// what was read up to there is set, so that the caller can be told.
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
	r.method, r.word, r.deadline = p.String(), p.String(), p.Uint()
	r.headers = readTexts(&p)
	r.head = data[:len(data)-p.Len()]
	r.body = p.Binary()
	if p.Bad() || p.Len() > 0 || len(r.method) > maxWord || len(r.word) > maxWord {
		return errFrame
	}
	return nil
}

// readTexts reads a map of strings; nil if it is empty.
func readTexts(p *pack.Reader) map[string]string {
	n := p.Map()
	if n == 0 {
		return nil
	}
	if n > maxHeaders {
		p.Fail()
		return nil
	}
	texts := make(map[string]string, n)
	for range n {
		k := p.String()
		texts[k] = p.String()
	}
	return texts
}

// What a result says.
const (
	stateDone    = 0 // the body is the handler's value
	stateFailed  = 1 // the body is the handler's error
	stateRefused = 2 // the body is an error, and no handler has run
)

// result is the frame of a result. An inbox's entry holds one or more of them.
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

// read takes the next result off a reader; false at the end, or at what is no
// result.
func (r *result) read(p *pack.Reader) bool {
	if p.Len() == 0 || p.Array() != resultFields {
		return false
	}
	r.id, r.state, r.body = p.Uint(), p.Uint(), p.Binary()
	return !p.Bad()
}
