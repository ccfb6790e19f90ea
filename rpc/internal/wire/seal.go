package wire

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/pack"
)

// Sealer applies the codec of a service to the contents of calls and results, see
// rpc.WithCodec. Each message has its own scope, which [codec.Encrypt] and [codec.Sign]
// authenticate: see docs/wire.md.
type Sealer struct {
	codec   codec.Codec
	service string
}

// NewSealer returns the sealer of a service, or nil without a codec.
func NewSealer(c codec.Codec, service string) *Sealer {
	if c == nil {
		return nil
	}
	return &Sealer{c, service}
}

// sealedPrefix is the prefix of the type signature of a sealed call. A worker without
// support for codecs finds that the signatures differ.
const sealedPrefix = "sealed "

// SealedLife is the time within which a sealed call without a deadline must begin.
const SealedLife = 5 * time.Minute

// ErrBadSeal reports that a call cannot be opened.
var ErrBadSeal = errors.New("the call was not sealed with the codec and the keys of this worker, or it was altered")

// scoped returns the codec for one message.
func (s *Sealer) scoped(scope []byte) codec.Codec {
	if c, ok := s.codec.(codec.Scoped); ok {
		return c.Scope(string(scope))
	}
	return s.codec
}

// requestScope is what a request is bound to: the service, and the frame up to the body.
func (s *Sealer) requestScope(head string) []byte {
	b := pack.AppendString(pack.AppendArray(make([]byte, 0, 64+len(head)), 3), "rpc request")
	return pack.AppendBinary(pack.AppendString(b, s.service), head)
}

// resultScope is what a result is bound to: the call and the state.
func (s *Sealer) resultScope(inbox, method string, r *Result) []byte {
	b := pack.AppendString(pack.AppendArray(make([]byte, 0, 96+len(method)), 6), "rpc result")
	b = pack.AppendString(pack.AppendString(b, s.service), inbox)
	b = pack.AppendString(pack.AppendUint(b, r.ID), method)
	return pack.AppendUint(b, r.State)
}

const sealedFields = 3 // time of creation, headers, body

// SealRequest appends the frame of a call that is made now, by the server's clock.
func (s *Sealer) SealRequest(b []byte, q *Request, now int64) ([]byte, error) {
	plain := pack.AppendUint(pack.AppendArray(nil, sealedFields), uint64(max(0, now)))
	plain = pack.AppendBinary(appendStringMap(plain, q.Headers), q.Body)
	prefix := Request{Inbox: q.Inbox, ID: q.ID, Method: q.Method, Signature: sealedPrefix + q.Signature, Deadline: q.Deadline}
	start := len(b)
	b = prefix.appendBeforeBody(b)
	body, err := s.scoped(s.requestScope(string(b[start:]))).Append(nil, plain)
	if err != nil {
		return b[:start], fmt.Errorf("cannot seal the call: %w", err)
	}
	b = pack.AppendBinary(b, StringView(body))
	if n := len(b) - start; n > MaxFrame {
		return b[:start], fmt.Errorf("%w: a frame of %d bytes; the limit is %d", codec.ErrTooLarge, n, MaxFrame)
	}
	return b, nil
}

// OpenRequest opens a request in place, and returns when it was made.
func (s *Sealer) OpenRequest(q *Request) (made int64, err error) {
	var plain []byte
	if err := s.scoped(s.requestScope(q.beforeBody)).Decode(BytesView(q.Body), &plain); err != nil {
		return 0, fmt.Errorf("%w: %w", ErrBadSeal, err)
	}
	p := pack.Reader{Data: StringView(plain)}
	fields, at := p.Array(), p.Uint()
	headers, body := readStringMap(&p), p.Binary()
	if p.Bad() || p.Len() > 0 || fields != sealedFields || at > 1<<62 {
		return 0, fmt.Errorf("%w: it contains no call", ErrBadSeal)
	}
	q.Signature, q.Headers, q.Body = strings.TrimPrefix(q.Signature, sealedPrefix), headers, body
	return int64(at), nil
}

// OpenResult opens the body of a result for a call.
func (s *Sealer) OpenResult(inbox, method string, r Result) (body []byte, err error) {
	err = s.scoped(s.resultScope(inbox, method, &r)).Decode(BytesView(r.Body), &body)
	return body, err
}

// SealResult seals the body of a result.
func (s *Sealer) SealResult(q *Request, r Result) ([]byte, error) {
	return s.scoped(s.resultScope(q.Inbox, q.Method, &r)).Append(nil, BytesView(r.Body))
}
