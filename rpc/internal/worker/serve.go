package worker

import (
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/desir-go/desir/internal/oneline"
	"github.com/desir-go/desir/rpc/internal/wire"
)

// newIncoming decodes a call that was taken, and looks up its handler. The call occupies
// a slot now.
func (r *run) newIncoming(frame string) incomingCall {
	r.inFlight.Add(1)
	r.slots.acquire()
	c := incomingCall{run: r}
	if c.err = c.request.Parse(frame); c.err == nil {
		c.err = c.checkUnsealed()
	}
	if c.err == nil {
		c.handler = r.w.handler(c.request.Method)
	}
	return c
}

// start runs a call on an idle goroutine, or on a new one. The goroutines stay until the
// worker ends, because a goroutine that has run a handler already has a large enough
// stack.
func (r *run) start(c incomingCall) {
	select {
	case r.handOff <- c:
	default:
		go func() {
			r.handle(c)
			r.handleHandedOff()
		}()
	}
}

// handleHandedOff runs one call after the other.
func (r *run) handleHandedOff() {
	for c := range r.handOff {
		r.handle(c)
	}
}

// handle runs a call and sends its result.
func (r *run) handle(c incomingCall) {
	defer r.inFlight.Done()
	var at *sealTimes
	if c.err == nil {
		at, c.err = c.unseal()
	}
	if c.err != nil {
		c.refuse()
		r.slots.release()
		return
	}
	if c.request.ID != 0 && !r.replays.start(c.request.Inbox, c.request.ID, at) {
		r.w.Stats.Replayed.Add(1)
		r.slots.release()
		return // no reply: the first copy gets one
	}
	b := wire.GetBuffer()
	defer wire.PutBuffer(b)
	state, body := uint64(stateNone), (*b)[:0]
	returned := false
	defer func() { // also if the handler ends its goroutine by runtime.Goexit
		if !returned {
			r.w.Stats.Failed.Add(1)
			state, body = wire.StateFailed, wire.AppendError(body, wire.CodeInternal, errExit.Error(), r.w.Name)
		}
		r.slots.release()
		*b = body
		if state != stateNone {
			c.reply(state, body)
		}
	}()
	state, body = c.serve(body)
	returned = true
}

// checkUnsealed returns why a call is refused, judging by its unsealed parts.
func (c *incomingCall) checkUnsealed() error {
	s, q := c.run.w, &c.request
	switch {
	case q.Inbox != "" && !s.Prefixes.Has(wire.PrefixOf(q.Inbox)):
		return errInboxNotServed
	case q.Sealed() && c.run.w.sealer == nil:
		return errNoCodec
	case !q.Sealed() && c.run.w.sealer != nil:
		return errUnsealed
	}
	return nil
}

var (
	errUnsealed    = errors.New("the call is not sealed with a codec, and this worker accepts only sealed calls")
	errNoCodec     = errors.New("the call is sealed with a codec, and this worker has none")
	errSealExpired = fmt.Errorf("the call waited for more than %v without a deadline; under a codec it must not start any more", wire.SealedLife)
)

var errInboxNotServed = errors.New("this worker does not write results to the client's inbox; both sides need the same rpc.InboxPrefix")

// unseal opens a call under a codec. It refuses calls that were sealed with other keys,
// or too long ago.
func (c *incomingCall) unseal() (*sealTimes, error) {
	s := c.run.w.sealer
	if s == nil {
		return nil, nil
	}
	made, err := s.OpenRequest(&c.request)
	if err != nil {
		return nil, err
	}
	c.sealer = s // only callers with the keys get sealed replies
	at := &sealTimes{made: made, last: int64(c.request.Deadline), now: c.run.clock.ToServer(time.Now())}
	if at.last == 0 {
		at.last = made + wire.SealedLife.Milliseconds()
		if at.last < at.now {
			return nil, errSealExpired
		}
	}
	return at, nil
}

// refuse replies to a call that reaches no handler, if its inbox is known.
func (c *incomingCall) refuse() {
	s := c.run.w
	s.Stats.Refused.Add(1)
	s.Log.Debug("desir: a call was refused", "service", s.Handle.Key, "error", c.err)
	code := uint64(wire.CodeInvalidArgument)
	switch {
	case errors.Is(c.err, errInboxNotServed):
		s.warnOfInbox(c.err)
		c.sendHint(c.err)
		return
	case c.request.Inbox == "" || !s.Prefixes.Has(wire.PrefixOf(c.request.Inbox)):
		return
	case errors.Is(c.err, errUnsealed):
		code = wire.CodeUnauthenticated
	case errors.Is(c.err, wire.ErrBadSeal):
		code, c.err = wire.CodeUnauthenticated, wire.ErrBadSeal // strangers do not learn the reason
	case errors.Is(c.err, errSealExpired):
		code = wire.CodeDeadlineExceeded
	}
	c.reply(wire.StateRefused, wire.AppendError(nil, code, c.err.Error(), s.Name))
}

// stateNone means that no result is sent.
const stateNone = 255

// incomingCall is a call at its worker.
type incomingCall struct {
	run     *run
	request wire.Request
	handler *Handler     // nil: unknown method
	err     error        // why it is refused
	sealer  *wire.Sealer // seals its result; nil: no codec
	// The loop that runs it inline; nil: it runs on its own goroutine.
	inline *callLoop
}

// estimate returns how long the call will probably take.
func (c *incomingCall) estimate() time.Duration {
	if c.handler == nil {
		return 0
	}
	// Decoding takes about 1 ns per byte.
	return c.handler.estimate.time() + time.Duration(len(c.request.Body))
}

var (
	errPanic = errors.New("the handler panicked")
	errExit  = errors.New("the handler ended its goroutine")
)

// serve runs the handler, unless the call must be refused, and appends the body of the
// result to dst.
func (c *incomingCall) serve(dst []byte) (state uint64, body []byte) {
	s, q := c.run.w, &c.request
	if q.Method == wire.Ping {
		return wire.StateDone, append(dst, wire.Nil)
	}
	h := c.handler
	if h == nil {
		s.Stats.Refused.Add(1)
		return wire.StateRefused, wire.AppendError(dst, wire.CodeUnimplemented, s.UnknownMethod.Error(), s.Name)
	}
	if err := h.Check(q.Signature, q.Body); err != nil {
		s.Stats.Refused.Add(1)
		return wire.StateRefused, wire.AppendError(dst, wire.CodeInvalidArgument, err.Error(), s.Name)
	}
	ctx := c.context()
	if !c.run.running.add(ctx) {
		s.Stats.Expired.Add(1)
		return stateNone, dst // the caller has left
	}
	out, err := c.callHandler(ctx, h, dst)
	// Not errors.As: it is never wrapped, and methods of the handler's error may panic.
	if refused, ok := err.(*Refusal); ok {
		s.Stats.Refused.Add(1)
		return wire.StateRefused, wire.AppendError(dst, wire.CodeInvalidArgument, refused.Error(), s.Name)
	}
	if err != nil {
		s.Stats.Failed.Add(1)
		if ctx.expired() { // the caller ends by its own deadline, no matter which clock is first
			return stateNone, dst
		}
		if err == errPanic {
			return wire.StateFailed, wire.AppendError(dst, wire.CodeInternal, err.Error(), s.Name)
		}
		return wire.StateFailed, s.Errors.Append(dst, err, s.Name)
	}
	s.Stats.Done.Add(1)
	return wire.StateDone, out
}

// callHandler calls the handler. A panic becomes its error.
func (c *incomingCall) callHandler(ctx *callContext, h *Handler, dst []byte) (out []byte, err error) {
	returned, s := false, c.run.w
	s.Stats.Running.Add(1)
	start := s.age()
	defer func() {
		h.estimate.observe(s.age() - start) // the time of the handler alone
		s.Stats.Running.Add(-1)
		c.run.running.remove(ctx)
		if returned {
			return
		}
		why := recover()
		if why == nil { // runtime.Goexit, which continues
			s.Log.Error("desir: a handler ended its goroutine", "service", s.label(), "method", oneline.Text(c.request.Method, oneline.Name))
			return
		}
		s.Stats.Panics.Add(1)
		s.Log.Error("desir: a handler panicked", "service", s.label(), "method", oneline.Text(c.request.Method, oneline.Name), "panic", oneline.Line(fmt.Sprint(why), oneline.Message), "stack", string(debug.Stack()))
		out, err = dst, errPanic
	}()
	out, err = h.Run(ctx, &ctx.info, c.request.Body, dst)
	returned = true
	return out, err
}
