package channel

import (
	"context"
	"errors"
	"iter"
	"sync"
	"time"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/hub"
	"github.com/desir-go/desir/internal/listen"
	"github.com/desir-go/desir/internal/send"
)

// Message is what a subscriber gets.
type Message[T any] struct {
	Topic string // where it was published
	Value T
}

// Sub is a subscription. Messages wait in its backlog until a loop takes them;
// see [Backlog] for its size and what happens when it is full.
//
// Topic.Subscribe and Pattern.Subscribe make it, Close ends it. A Sub is safe
// for any number of goroutines; several loops share its messages.
type Sub[T any] struct {
	name   string
	sub    *listen.Sub
	decode func(payload, topic string) (T, error)
}

// subscribe makes a Sub of what both a Topic and a Pattern know.
func subscribe[T any](ctx context.Context, hub *hub.Hub, r listen.Request, decode func(payload, topic string) (T, error), opts []SubOption) (*Sub[T], error) {
	o, err := gatherSub(opts)
	if err != nil {
		return nil, err
	}
	r.Backlog, r.Policy = o.backlog, listen.Policy(o.policy)
	sub, err := listen.Of(hub).Subscribe(ctx, r)
	if err != nil {
		return nil, err
	}
	return &Sub[T]{name: r.Name, sub: sub, decode: decode}, nil
}

// All yields messages as they come. break keeps the subscription, and what waits
// for the next loop. The loop ends silently when the Sub is closed, then or
// before, and after [Idle].
//
// A message that does not decode comes as a [*codec.DecodeError] and messages
// that were missed as a [*GapError], in their place: the loop may go on. Any
// other error is the last: the context's; [desir.ErrFull] with a *GapError
// after [Fail]; [desir.ErrDenied] when listening is not allowed any more;
// [desir.ErrUnavailable] when the client was closed. While Redis cannot be
// reached the loop waits, and hears of it by a gap.
func (s *Sub[T]) All(ctx context.Context, opts ...LoopOption) iter.Seq2[Message[T], error] {
	l := loopOf(opts)
	return func(yield func(Message[T], error) bool) {
		if l.prefetch != 0 {
			yield(Message[T]{}, s.fail(send.Fault(desir.ErrNotSupported, errPrefetched)))
			return
		}
		for {
			m, ok, err := s.next(ctx, l)
			switch {
			case err != nil:
				last := fatal(err)
				if !yield(Message[T]{}, s.fail(err)) || last {
					return
				}
			case !ok || !yield(m, nil):
				return
			}
		}
	}
}

// fatal reports whether an error ends a loop.
func fatal(err error) bool {
	if _, gap := errors.AsType[*GapError](err); gap {
		return errors.Is(err, desir.ErrFull)
	}
	return !ofOneItem(err)
}

var errPrefetched = errors.New("a Sub takes nothing from others; what waits for its loop is its Backlog")

var errNoSub = errors.New("the Sub was not made by Subscribe")

// next waits for a message as long as the loop may; ok is false after that.
func (s *Sub[T]) next(ctx context.Context, l loop) (m Message[T], ok bool, err error) {
	if s.sub == nil {
		return m, false, send.Fault(desir.ErrNotSupported, errNoSub)
	}
	var patience <-chan time.Time
	if l.limit {
		timer := time.NewTimer(l.idle)
		defer timer.Stop()
		patience = timer.C
	}
	it, ok, err := s.sub.Next(ctx, patience)
	switch {
	case errors.Is(err, listen.ErrOverflow):
		return m, false, send.Fault(desir.ErrFull, &GapError{Missed: 1})
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

// Handle calls f for every message and every error that All would yield, one
// after the other, in a goroutine of its own. The goroutine ends with stop, with
// Close, or after an error that All would end with.
//
// stop returns when f has returned from its last call; f must not call it. It
// may be called again. The subscription goes on; Close ends it.
func (s *Sub[T]) Handle(f func(Message[T], error)) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		for m, err := range s.All(ctx) {
			if ctx.Err() != nil && errors.Is(err, context.Canceled) {
				return // stop's doing, no error
			}
			f(m, err)
		}
	})
	return func() {
		cancel()
		running.Wait()
	}
}

// Dropped returns how many messages found the backlog full so far. Each of them
// is in a [*GapError] as well.
func (s *Sub[T]) Dropped() int64 {
	if s.sub == nil {
		return 0
	}
	return s.sub.Dropped()
}

// Close ends the subscription: loops end, what waits in the backlog is gone.
// Closing again does nothing; the error is always nil. One UNSUBSCRIBE if
// nobody else of this client listens, for which it does not wait.
func (s *Sub[T]) Close() error {
	if s.sub == nil {
		return nil
	}
	return s.sub.Close()
}

func (s *Sub[T]) fail(err error) error {
	return &desir.OpError{Op: "channel.Sub.All", Key: s.name, Err: err}
}
