package channel

import (
	"context"
	"iter"
)

// Recv takes the next letter. It waits until there is one. If a letter has arrived when the
// context ends, Recv returns it. If a letter is in flight to it, Recv waits up to 50 ms for
// it. A letter that arrives later is not lost: it goes to another receiver or back to the
// mailbox.
//
// Recv fails with a [*codec.DecodeError] if the stored bytes do not decode as a letter. Those
// bytes are consumed, and Recv may be called again.
//
// All receivers of a client wait on one connection; see the package comment.
func (m *Mailbox[T]) Recv(ctx context.Context) (l Letter[T], err error) {
	stored, err := receive(ctx, m.h, m.source, 1)
	if err == nil {
		l, err = m.decode(&m.letters, stored[0], m.h.Key)
	}
	return l, m.h.Fail("Recv", err)
}

// TryRecv takes the next letter if there is one. It does not wait for a letter.
//
// It runs one script: one round trip, O(1), sent once. If the context ends while the
// script is in flight, TryRecv waits up to 50 ms for the letter. A letter that arrives
// later goes back to the mailbox. TryRecv fails as [Mailbox.Recv] does. If the reply is
// lost, it fails with [desir.ErrMaybeRan], and a letter may be lost with it.
func (m *Mailbox[T]) TryRecv(ctx context.Context) (l Letter[T], ok bool, err error) {
	stored, ok, err := tryReceive(ctx, m.h, m.source)
	if err == nil && ok {
		l, err = m.decode(&m.letters, stored, m.h.Key)
	}
	return l, ok && err == nil, m.h.Fail("TryRecv", err)
}

// All returns an iterator that receives letters as they arrive. It stops without an error
// after [Idle]. Breaking out of the loop loses nothing.
//
// Bytes that do not decode as a letter are yielded as a [*codec.DecodeError], and the loop
// may continue. Any other error is the last one that is yielded. The loop takes one letter
// for each iteration; [Prefetch] lets it take several at once.
func (m *Mailbox[T]) All(ctx context.Context, opts ...LoopOption) iter.Seq2[Letter[T], error] {
	return receiveAll(ctx, m.h, m.source, opts, func(stored string) (Letter[T], error) {
		return m.decode(&m.letters, stored, m.h.Key)
	})
}
