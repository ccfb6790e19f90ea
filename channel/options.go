package channel

import (
	"errors"
	"time"

	"github.com/desir-go/desir/codec"
)

// Option configures a [Chan] or a [PriorityQueue]. Options apply to this process only. They
// are not stored.
type Option interface{ apply(*settings) }

type settings struct {
	codec  codec.Codec
	buffer *int
}

type option func(*settings)

func (o option) apply(s *settings) { o(s) }

// CodecOption is an option of all types of this package that send or receive values.
type CodecOption interface {
	Option
	TopicOption
	MailboxOption
}

type codecOption struct{ codec codec.Codec }

func (o codecOption) apply(s *settings)               { s.codec = o.codec }
func (o codecOption) applyTopic(s *topicSettings)     { s.codec = o.codec }
func (o codecOption) applyMailbox(s *mailboxSettings) { s.codec = o.codec }

// WithCodec sets the codec of values. The default is [codec.Auto]. With codec.Encrypt and
// codec.Sign, a value is bound to its channel, queue or topic. It is not bound to a position
// or a priority: a client with write access to Redis can repeat values and change their
// order.
//
// The codec of a [Mailbox] covers the value, the sender's address and the letter's ID. With
// codec.Sign and codec.Encrypt it also covers the receiver's address. Mailboxes that send to
// each other need the same codec and the same keys.
func WithCodec(c codec.Codec) CodecOption { return codecOption{c} }

// Buffer bounds a [Chan] to n values, n ≥ 1. Senders wait while the Chan holds n values or
// more, so a send never makes it longer than n. A value that is requeued, for example because
// its receiver left, may make it longer. The bound of the sending process applies; other
// processes may use other bounds. The default is no bound.
func Buffer(n int) Option { return option(func(s *settings) { s.buffer = &n }) }

var errBuffer = errors.New("Buffer: the size must be at least 1")

func newSettings(opts []Option) (settings, error) {
	s := settings{codec: codec.Auto}
	for _, o := range opts {
		if o != nil {
			o.apply(&s)
		}
	}
	if s.buffer != nil && *s.buffer < 1 {
		return s, errBuffer
	}
	return s, nil
}

// LoopOption configures one loop, such as [Chan.All].
type LoopOption interface{ applyLoop(*loopSettings) }

type loopSettings struct {
	idle     time.Duration
	hasIdle  bool
	prefetch int // values in one take; 0 means 1
	err      error
}

type loopOption func(*loopSettings)

func (o loopOption) applyLoop(l *loopSettings) { o(l) }

// Idle ends the loop when no value arrives within d. The time counts from the moment the
// loop asks for the next value. A value that is already there is always yielded first, also
// with d = 0. The default is to wait forever.
func Idle(d time.Duration) LoopOption {
	return loopOption(func(l *loopSettings) { l.idle, l.hasIdle = d, true })
}

// Prefetch lets the loop take up to n values of a [Chan], or letters of a [Mailbox], in one
// round trip, n ≥ 1. The loop keeps the values that its body has not reached yet. The default
// is 1: a value leaves Redis when the loop asks for it, and a crash loses at most that value.
//
// With Prefetch the loop does not need a round trip for each value. In return, a crash may
// lose n values, and up to n values may wait for a slow loop body while another receiver is
// idle. When the loop ends in any way, the values it has kept go back to the head in order
// before the loop returns. This may take up to one second. If Redis cannot be reached, they
// go back as soon as it can.
//
// A [Sub] does not support Prefetch, since it has a [Backlog]: its loop fails with
// [desir.ErrNotSupported].
func Prefetch(n int) LoopOption {
	return loopOption(func(l *loopSettings) {
		if l.prefetch = n; n < 1 {
			l.err = errPrefetch
		}
	})
}

var errPrefetch = errors.New("Prefetch: the count must be at least 1")

func newLoopSettings(opts []LoopOption) loopSettings {
	var l loopSettings
	for _, o := range opts {
		if o != nil {
			o.applyLoop(&l)
		}
	}
	return l
}
