package channel

import (
	"errors"
	"time"

	"github.com/desir-go/desir/codec"
)

// Option changes how an object of this package works. Options are what this
// process believes; nothing of them is stored.
type Option interface{ apply(*settings) }

type settings struct {
	codec  codec.Codec
	buffer *int
}

type option func(*settings)

func (o option) apply(s *settings) { o(s) }

// CodecOption is an option of everything in this package that carries values.
type CodecOption interface {
	Option
	TopicOption
	MailboxOption
}

type codecOption struct{ codec codec.Codec }

func (o codecOption) apply(s *settings)               { s.codec = o.codec }
func (o codecOption) applyTopic(s *topicSettings)     { s.codec = o.codec }
func (o codecOption) applyMailbox(s *mailboxSettings) { s.codec = o.codec }

// WithCodec sets the codec of values. The default is [codec.Auto]. Under codec.Encrypt
// and codec.Sign a value is bound to its channel, queue or topic, and to no position or
// priority: who can write to Redis can repeat values and change their order.
//
// The codec of a [Mailbox] covers the letter: the value, the sender's address and the letter's
// ID, and under codec.Sign and codec.Encrypt the address of the receiver. Mailboxes that write
// to each other need the same codec and keys.
func WithCodec(c codec.Codec) CodecOption { return codecOption{c} }

// Buffer lets senders of this Chan wait while n values or more are in it, n ≥ 1,
// so that they never make it longer than n. Values that go back to it, such as those
// that were taken for receivers that left, may do so. What counts is what the process
// that sends believes; others may say otherwise. The default is no bound.
func Buffer(n int) Option { return option(func(s *settings) { s.buffer = &n }) }

var errBuffer = errors.New("Buffer: at least one value has to fit")

func gather(opts []Option) (settings, error) {
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

// LoopOption changes one loop.
type LoopOption interface{ applyLoop(*loop) }

type loop struct {
	idle     time.Duration
	limit    bool
	prefetch int // values of a take; 0 means 1
	err      error
}

type loopOption func(*loop)

func (o loopOption) applyLoop(l *loop) { o(l) }

// Idle ends the loop when it has waited d for the next value, counted from when
// the loop's body asked for it. A value that is there always comes first, also
// with a d of zero. The default is to wait for ever.
func Idle(d time.Duration) LoopOption {
	return loopOption(func(l *loop) { l.idle, l.limit = d, true })
}

// Prefetch lets the loop take up to n values of a [Chan] or letters of a [Mailbox]
// in one round trip and keep those that its body has not come to, n ≥ 1. The default
// is 1: a value leaves Redis when the body asks for it, and a crash loses no more than
// that one. With n a crash may lose n, and n may wait for a slow body here while
// another receiver is idle; in return the loop is no longer bound to a round trip for
// each value. When the loop ends in any way, what it has kept goes back to the head in
// order, before the loop returns, which may take it up to a second; while Redis cannot be
// reached, as soon as it can.
//
// A [Sub] has its [Backlog]: its loop fails with [desir.ErrNotSupported].
func Prefetch(n int) LoopOption {
	return loopOption(func(l *loop) {
		if l.prefetch = n; n < 1 {
			l.err = errPrefetch
		}
	})
}

var errPrefetch = errors.New("Prefetch: at least one value has to be taken")

func loopOf(opts []LoopOption) loop {
	var l loop
	for _, o := range opts {
		if o != nil {
			o.applyLoop(&l)
		}
	}
	return l
}
