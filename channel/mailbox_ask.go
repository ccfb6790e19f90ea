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

// answerLife is how long an answer stays that nobody takes.
const answerLife = 5 * time.Minute

// answerAddress is where the answer to a question goes: a key in the slot of the
// mailbox that has asked. Who does not know the question cannot guess it.
func answerAddress(from, id string) string { return keys.Part(from, "reply:"+id) }

// Ask sends a letter to the mailbox at the address to and waits for the answer,
// which whoever receives the letter gives by [Letter.Reply]. Without a deadline in
// ctx it waits for ever.
//
// It sends as [Mailbox.Send] does, and waits on the connection that all receivers
// of the client share. When the context ends before the answer has come, or waiting
// cannot go on, the error is [desir.ErrMaybeRan] with the reason: the letter was sent, and somebody
// may act on it yet. It is [desir.ErrUnavailable] if the letter was not sent. An answer that is no letter of this type is a
// [*codec.DecodeError]. The error names the address that was asked.
func (m *Mailbox[T]) Ask(ctx context.Context, to string, v T) (Letter[T], error) {
	l, err := m.ask(ctx, to, v)
	return l, m.failAt("Ask", to, err)
}

func (m *Mailbox[T]) ask(ctx context.Context, to string, v T) (l Letter[T], err error) {
	question := head{question: true, id: rand.Text()}
	if err := m.send(ctx, to, 0, question, v); err != nil {
		return l, err
	}
	address := answerAddress(m.h.Key, question.id)
	wake := keys.Part(address, "wake")
	answers := wait.NewSource(address, wake, mailboxTakeAnswer, mailboxDropAnswer, address, wake).OwnedBy(m.h.Key)
	stored, err := receive(ctx, m.h, answers, 1)
	if err != nil {
		return l, send.Fault(desir.ErrMaybeRan, send.Bare(err))
	}
	letters, err := m.sealedFor(address)
	if err != nil {
		return l, err
	}
	return m.read(&letters, stored[0], address)
}
