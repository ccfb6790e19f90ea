package caller

import (
	"errors"
	"fmt"
	"time"

	"github.com/desir-go/desir/internal/send"
	"github.com/desir-go/desir/rpc/internal/wire"
)

// sealedResult is a result for a call of a client with a codec.
type sealedResult struct {
	wire.Result
	call   *pendingCall
	client *Client
	method string
}

var errForged = errors.New("a result was not sealed with the codec and the keys of this client: its worker has others, or it is forged")

// deliverSealed delivers a result if it was sealed for its call. It counts and ignores
// any other result, because the right one may still come. But a worker without the codec
// replies only once. So the call ends a lease later with ErrMaybeRan and the reason.
func (ib *inbox) deliverSealed(res sealedResult) bool {
	plain, err := res.client.sealer.OpenResult(ib.id, res.method, res.Result)
	ib.mu.Lock()
	p := res.call
	if ib.pending[res.ID] != p { // it has ended
		ib.mu.Unlock()
		return false
	}
	if err == nil {
		delete(ib.pending, res.ID)
		p.state, p.body = res.State, string(plain)
		ib.mu.Unlock()
		p.done <- struct{}{}
		return true
	}
	res.client.rejected.Add(1)
	first := p.rejection == nil
	if first {
		p.rejection = fmt.Errorf("%w: %w", errForged, err)
	}
	rejection := p.rejection
	ib.mu.Unlock()
	if first {
		time.AfterFunc(wire.LeaseTime, func() { ib.fail(res.ID, p, send.WithClass(send.ErrMaybeRan, rejection)) })
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
