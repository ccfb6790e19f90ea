package channel

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/headed"
	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/wait"
)

// Send appends a letter to the mailbox at the address to, which need not exist,
// and may be this one. Letters are in the order in which their scripts ran.
//
// One script, one round trip, O(1), sent once: after [desir.ErrMaybeRan] the
// letter may be there. A letter of more than 1 MiB is [codec.ErrTooLarge], an
// address that cannot be a key [desir.ErrName]. The error names the address.
func (m *Mailbox[T]) Send(ctx context.Context, to string, v T) error {
	return m.failAt("Send", to, m.send(ctx, to, 0, head{id: rand.Text()}, v))
}

// send appends a letter to a list, which expires after life if that is not 0.
func (m *Mailbox[T]) send(ctx context.Context, to string, life time.Duration, h head, v T) error {
	hub, err := m.h.Hub()
	if err != nil {
		return err
	}
	if err := keys.CheckTag(to); err != nil {
		return err
	}
	letter, err := m.seal(to, h, v)
	if err != nil {
		return err
	}
	_, err = mailboxSend.Run(ctx, hub,
		[]string{to, keys.Part(to, "wake"), newsOf(to)},
		wait.Flag(hub), wait.TokenLife.Milliseconds(), life.Milliseconds(), letter)
	return err
}

// seal makes the bytes of a letter, all but the time.
func (m *Mailbox[T]) seal(to string, h head, v T) (string, error) {
	letters := m.letters
	if _, bound := m.codec.(codec.Scoped); bound {
		var err error
		if letters, err = m.sealedFor(to); err != nil {
			return "", err
		}
	}
	h.from = m.h.Key
	return letters.Encode(headed.Of[T]{Head: h.String(), Value: v})
}

// failAt is fail for a letter that went to an address.
func (m *Mailbox[T]) failAt(op, to string, err error) error {
	if err == nil || m.h == nil {
		return m.fail(op, err)
	}
	return &desir.OpError{Op: m.h.Type + "." + op, Key: to, Err: err}
}
