package channel

import (
	"context"
	"iter"
)

// Recv takes the next letter and waits for it. It fails with a
// [*codec.DecodeError] for bytes that are no letter, which are consumed: Recv may
// be called again. A letter that is there when the context ends is returned;
// otherwise nothing was taken.
//
// All receivers of a client wait on one connection; see the package comment.
func (m *Mailbox[T]) Recv(ctx context.Context) (l Letter[T], err error) {
	stored, err := receive(ctx, m.h, m.source, 1)
	if err == nil {
		l, err = m.read(&m.letters, stored[0], m.h.Key)
	}
	return l, m.fail("Recv", err)
}

// TryRecv takes the next letter if there is one, and does not wait for it. It
// fails as [Mailbox.Recv] does, and with [desir.ErrMaybeRan] where the answer was lost: a letter
// may be, too. One script, one round trip, O(1), sent once; a
// letter that arrives after the context has ended goes back.
func (m *Mailbox[T]) TryRecv(ctx context.Context) (l Letter[T], ok bool, err error) {
	stored, ok, err := tryReceive(ctx, m.h, m.source)
	if err == nil && ok {
		l, err = m.read(&m.letters, stored, m.h.Key)
	}
	return l, ok && err == nil, m.fail("TryRecv", err)
}

// All yields letters as they come. It ends silently after [Idle]. Bytes that are
// no letter come as a [*codec.DecodeError], and the loop may go on; any other
// error is the last. break loses nothing. It takes one letter for each turn;
// [Prefetch] lets it take more.
func (m *Mailbox[T]) All(ctx context.Context, opts ...LoopOption) iter.Seq2[Letter[T], error] {
	return each(ctx, m.h, m.source, opts, func(stored string) (Letter[T], error) {
		return m.read(&m.letters, stored, m.h.Key)
	}, func(err error) error { return m.fail("All", err) })
}
