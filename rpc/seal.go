package rpc

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/pack"
	"github.com/desir-go/desir/internal/send"
)

// sealer applies the codec of a service to the contents of calls and results, see
// [WithCodec]. Each message has its own scope, which [codec.Encrypt] and [codec.Sign]
// authenticate: see docs/wire.md.
type sealer struct {
	codec   codec.Codec
	service string
}

func newSealer(c codec.Codec, service string) *sealer {
	if c == nil {
		return nil
	}
	return &sealer{c, service}
}

// sealedPrefix is the prefix of the type signature of a sealed call. A worker without
// support for codecs finds that the signatures differ.
const sealedPrefix = "sealed "

// sealedLife is the time within which a sealed call without a deadline must begin.
const sealedLife = 5 * time.Minute

var (
	errUnsealed    = errors.New("the call is not sealed with a codec, and this worker accepts only sealed calls")
	errNoCodec     = errors.New("the call is sealed with a codec, and this worker has none")
	errBadSeal     = errors.New("the call was not sealed with the codec and the keys of this worker, or it was altered")
	errSealExpired = fmt.Errorf("the call waited for more than %v without a deadline; under a codec it must not start any more", sealedLife)
)

// checkCodec returns an error if a codec cannot be used for a service.
func checkCodec(c codec.Codec) error {
	switch c {
	case nil:
		return errors.New("WithCodec: the codec is nil")
	case codec.Auto, codec.Msgpack, codec.JSON, codec.Text, codec.Raw:
		return fmt.Errorf("WithCodec: %w: %s alone protects nothing, and values are encoded as msgpack; use a codec that encrypts, signs or compresses", codec.ErrUnsupported, c.Name())
	}
	return nil
}

// scoped returns the codec for one message.
func (s *sealer) scoped(scope []byte) codec.Codec {
	if c, ok := s.codec.(codec.Scoped); ok {
		return c.Scope(string(scope))
	}
	return s.codec
}

// requestScope is what a request is bound to: the service, and the frame up to the body.
func (s *sealer) requestScope(head string) []byte {
	b := pack.AppendString(pack.AppendArray(make([]byte, 0, 64+len(head)), 3), "rpc request")
	return pack.AppendBinary(pack.AppendString(b, s.service), head)
}

// resultScope is what a result is bound to: the call and the state.
func (s *sealer) resultScope(inbox, method string, r *result) []byte {
	b := pack.AppendString(pack.AppendArray(make([]byte, 0, 96+len(method)), 6), "rpc result")
	b = pack.AppendString(pack.AppendString(b, s.service), inbox)
	b = pack.AppendString(pack.AppendUint(b, r.id), method)
	return pack.AppendUint(b, r.state)
}

const sealedFields = 3 // time of creation, headers, body

// sealRequest appends the frame of a call that is made now, by the server's clock.
func (s *sealer) sealRequest(b []byte, q *request, now int64) ([]byte, error) {
	plain := pack.AppendUint(pack.AppendArray(nil, sealedFields), uint64(max(0, now)))
	plain = pack.AppendBinary(appendStringMap(plain, q.headers), q.body)
	prefix := request{inbox: q.inbox, id: q.id, method: q.method, signature: sealedPrefix + q.signature, deadline: q.deadline}
	start := len(b)
	b = prefix.appendBeforeBody(b)
	body, err := s.scoped(s.requestScope(string(b[start:]))).Append(nil, plain)
	if err != nil {
		return b[:start], fmt.Errorf("cannot seal the call: %w", err)
	}
	b = pack.AppendBinary(b, stringView(body))
	if n := len(b) - start; n > maxFrame {
		return b[:start], fmt.Errorf("%w: a frame of %d bytes; the limit is %d", codec.ErrTooLarge, n, maxFrame)
	}
	return b, nil
}

// openRequest opens a request in place, and returns when it was made.
func (s *sealer) openRequest(q *request) (made int64, err error) {
	var plain []byte
	if err := s.scoped(s.requestScope(q.beforeBody)).Decode(bytesView(q.body), &plain); err != nil {
		return 0, fmt.Errorf("%w: %w", errBadSeal, err)
	}
	p := pack.Reader{Data: stringView(plain)}
	fields, at := p.Array(), p.Uint()
	headers, body := readStringMap(&p), p.Binary()
	if p.Bad() || p.Len() > 0 || fields != sealedFields || at > 1<<62 {
		return 0, fmt.Errorf("%w: it contains no call", errBadSeal)
	}
	q.signature, q.headers, q.body = strings.TrimPrefix(q.signature, sealedPrefix), headers, body
	return int64(at), nil
}

// sealResult seals the body of a result.
func (s *sealer) sealResult(q *request, r result) ([]byte, error) {
	return s.scoped(s.resultScope(q.inbox, q.method, &r)).Append(nil, bytesView(r.body))
}

// sealedResult is a result for a call of a client with a codec.
type sealedResult struct {
	result
	call   *pendingCall
	client *Client
	method string
}

var errForged = errors.New("a result was not sealed with the codec and the keys of this client: its worker has others, or it is forged")

// deliverSealed delivers a result if it was sealed for its call. It counts and ignores
// any other result, because the right one may still come. But a worker without the codec
// replies only once. So the call ends a lease later with ErrMaybeRan and the reason.
func (ib *inbox) deliverSealed(res sealedResult) bool {
	var plain []byte
	s := res.client.sealer
	err := s.scoped(s.resultScope(ib.id, res.method, &res.result)).Decode(bytesView(res.body), &plain)
	ib.mu.Lock()
	p := res.call
	if ib.pending[res.id] != p { // it has ended
		ib.mu.Unlock()
		return false
	}
	if err == nil {
		delete(ib.pending, res.id)
		p.state, p.body = res.state, string(plain)
		ib.mu.Unlock()
		p.done <- struct{}{}
		return true
	}
	res.client.forged.Add(1)
	first := p.rejection == nil
	if first {
		p.rejection = fmt.Errorf("%w: %w", errForged, err)
	}
	rejection := p.rejection
	ib.mu.Unlock()
	if first {
		time.AfterFunc(leaseTime, func() { ib.fail(res.id, p, send.WithClass(desir.ErrMaybeRan, rejection)) })
	}
	return false
}

// removeAbandoned removes a call whose context has ended, as [inbox.remove] does. It also
// returns why a result of it was rejected.
func (ib *inbox) removeAbandoned(p *pendingCall) (rejection error, pending bool) {
	ib.mu.Lock()
	defer ib.mu.Unlock()
	if ib.pending[p.id] != p {
		return nil, false
	}
	delete(ib.pending, p.id)
	return p.rejection, true
}

// withRejection adds to an error why a result was rejected.
func withRejection(err, rejection error) error {
	if rejection == nil {
		return err
	}
	return fmt.Errorf("%w; %w", err, rejection)
}
