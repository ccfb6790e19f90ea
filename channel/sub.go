package channel

import (
	"context"
	"errors"
	"iter"
	"sync"
	"time"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/listen"
	"github.com/desir-go/desir/internal/send"
)

// Message is a message that a [Sub] received.
type Message[T any] struct {
	Topic string // the topic to which the message was published
	Value T
}

// Sub is a subscription. Messages wait in its backlog until a loop takes them. See [Backlog]
// for its size and for what happens when it is full.
//
// [Topic.Subscribe] and [Pattern.Subscribe] return a Sub. Close ends it. A Sub is safe for
// concurrent use; concurrent loops share its messages.
type Sub[T any] struct {
	name   string
	sub    *listen.Sub
	decode func(payload, topic string) (T, error)
}

// policies are the policies of package listen.
var policies = [...]listen.Policy{
	DropOldest: listen.DropOldest,
	DropNewest: listen.DropNewest,
	Block:      listen.Block,
	Fail:       listen.Fail,
}

// subscribe makes the Sub of a Topic or a Pattern.
func subscribe[T any](ctx context.Context, shared *clients.Shared, r listen.Request, decode func(payload, topic string) (T, error), opts []SubOption) (*Sub[T], error) {
	o, err := newSubSettings(opts)
	if err != nil {
		return nil, err
	}
	r.Backlog, r.Policy = o.backlog, policies[o.policy]
	sub, err := listen.Of(shared).Subscribe(ctx, r)
	if err != nil {
		return nil, err
	}
	return &Sub[T]{name: r.Name, sub: sub, decode: decode}, nil
}

// All returns an iterator over the messages as they arrive. Breaking out of the loop keeps
// the subscription and its backlog for the next loop. The loop stops without an error after
// [Idle], and when the Sub is closed, before or during the loop. While Redis cannot be
// reached the loop waits; afterwards it yields a gap.
//
// A message that does not decode is yielded as a [*codec.DecodeError]. Missed messages are
// yielded as a [*GapError], at their position. The loop may continue after both. Any other
// error is the last one that is yielded:
//   - the context's error
//   - [desir.ErrFull] with a *GapError, with [Fail]
//   - [desir.ErrDenied], when the user may no longer subscribe
//   - [desir.ErrClosed], when the client was closed
func (s *Sub[T]) All(ctx context.Context, opts ...LoopOption) iter.Seq2[Message[T], error] {
	l := newLoopSettings(opts)
	return func(yield func(Message[T], error) bool) {
		if l.prefetch != 0 {
			yield(Message[T]{}, s.fail(send.WithClass(desir.ErrNotSupported, errSubPrefetch)))
			return
		}
		for {
			m, ok, err := s.next(ctx, l)
			switch {
			case err != nil:
				last := endsLoop(err)
				if !yield(Message[T]{}, s.fail(err)) || last {
					return
				}
			case !ok || !yield(m, nil):
				return
			}
		}
	}
}

// endsLoop reports whether an error ends a loop.
func endsLoop(err error) bool {
	if _, gap := errors.AsType[*GapError](err); gap {
		return errors.Is(err, desir.ErrFull)
	}
	return !isItemError(err)
}

var errSubPrefetch = errors.New("a Sub does not support Prefetch: use Backlog")

var errNoSub = errors.New("the Sub was not returned by Subscribe")

// next waits for a message as long as the loop's options allow. ok is false if none came.
func (s *Sub[T]) next(ctx context.Context, l loopSettings) (m Message[T], ok bool, err error) {
	if s.sub == nil {
		return m, false, send.WithClass(desir.ErrNotSupported, errNoSub)
	}
	var idle <-chan time.Time
	if l.hasIdle {
		timer := time.NewTimer(l.idle)
		defer timer.Stop()
		idle = timer.C
	}
	it, ok, err := s.sub.Next(ctx, idle)
	switch {
	case errors.Is(err, listen.ErrOverflow):
		return m, false, send.WithClass(desir.ErrFull, &GapError{Missed: 1})
	case err != nil || !ok:
		return m, false, err
	case it.Missed != 0:
		return m, false, &GapError{Missed: it.Missed}
	}
	v, err := s.decode(it.Payload, it.Topic)
	if err != nil {
		return m, false, err
	}
	return Message[T]{Topic: it.Topic, Value: v}, true, nil
}

// Handle calls f for each message and each error that [Sub.All] would yield. The calls run
// one after the other in a new goroutine. The goroutine ends when stop or Close is called, or
// after an error that ends All.
//
// stop waits until the last call of f has returned. f must not call stop. stop may be called
// more than once. It does not end the subscription; Close does.
func (s *Sub[T]) Handle(f func(Message[T], error)) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		for m, err := range s.All(ctx) {
			if ctx.Err() != nil && errors.Is(err, context.Canceled) {
				return // caused by stop, not an error
			}
			f(m, err)
		}
	})
	return func() {
		cancel()
		running.Wait()
	}
}

// Dropped returns the number of messages that were dropped so far because the backlog was
// full. Each of them is also counted in a [*GapError].
func (s *Sub[T]) Dropped() int64 {
	if s.sub == nil {
		return 0
	}
	return s.sub.Dropped()
}

// Close ends the subscription. Loops stop, and the backlog is discarded. Closing a closed
// Sub does nothing. The error is always nil. If this was the client's last subscription to
// the topic or pattern, Close sends one UNSUBSCRIBE and does not wait for the reply.
func (s *Sub[T]) Close() error {
	if s.sub == nil {
		return nil
	}
	return s.sub.Close()
}

func (s *Sub[T]) fail(err error) error {
	return &desir.OpError{Op: "channel.Sub.All", Key: s.name, Err: err}
}
