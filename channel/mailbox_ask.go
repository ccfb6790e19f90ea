package channel

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/send"
	"github.com/desir-go/desir/internal/wait"
)

// replyTTL is how long a reply is kept that no Ask takes.
const replyTTL = 5 * time.Minute

// replyAddress returns the address of the reply to a question: a key in the slot of the
// asking mailbox. A client that has not seen the question cannot guess it.
func replyAddress(from, id string) string { return keys.Part(from, "reply:"+id) }

// Ask sends a letter to the mailbox at the address to and waits for the reply. The receiver
// of the letter replies with [Letter.Reply]. Without a deadline in ctx, Ask waits forever.
//
// Ask sends as [Mailbox.Send] does, and fails in the same ways; with [desir.ErrUnavailable]
// the letter was not sent. Ask waits on the connection that all receivers of the client
// share.
//
// If the context ends before the reply arrives, or if waiting cannot continue, Ask fails with
// [desir.ErrMaybeRan] and the reason: the letter was sent, and its receiver may still act on
// it. If the reply does not decode as a letter with a T, Ask fails with a
// [*codec.DecodeError]. The error names the address to which the letter was sent.
func (m *Mailbox[T]) Ask(ctx context.Context, to string, v T) (Letter[T], error) {
	l, err := m.ask(ctx, to, v)
	return l, m.failAt("Ask", to, err)
}

func (m *Mailbox[T]) ask(ctx context.Context, to string, v T) (l Letter[T], err error) {
	question := letterHeader{question: true, id: rand.Text()}
	if err := m.send(ctx, to, 0, question, v); err != nil {
		return l, err
	}
	address := replyAddress(m.h.Key, question.id)
	wake := keys.Part(address, "wake")
	replies := wait.NewSource(address, wake, mailboxTakeReply, mailboxDropReply, address, wake).OwnedBy(m.h.Key)
	stored, err := receive(ctx, m.h, replies, 1)
	if err != nil {
		return l, send.WithClass(desir.ErrMaybeRan, send.Cause(err))
	}
	letters, err := m.codecFor(address)
	if err != nil {
		return l, err
	}
	return m.decode(&letters, stored[0], address)
}
