package channel

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/desir-go/desir"

	"github.com/desir-go/desir/internal/headed"
	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/wait"
)

// Send appends a letter to the mailbox at the address to. That mailbox need not exist, and
// may be this one. Letters are stored in the order in which their scripts ran.
//
// Send runs one script: one round trip, O(1), sent once. After [desir.ErrMaybeRan] the
// letter may have been stored. Send fails with [codec.ErrTooLarge] if the letter is longer
// than 1 MiB, and with [desir.ErrName] if the address is not valid as a key. The error names
// the address.
func (m *Mailbox[T]) Send(ctx context.Context, to string, v T) error {
	return m.failAt("Send", to, m.send(ctx, to, 0, letterHeader{id: rand.Text()}, v))
}

// send appends a letter to a list. If life is not 0, the list expires after life.
func (m *Mailbox[T]) send(ctx context.Context, to string, ttl time.Duration, h letterHeader, v T) error {
	shared, err := m.h.Shared()
	if err != nil {
		return err
	}
	if err := keys.CheckTag(to); err != nil {
		return err
	}
	letter, err := m.encode(to, h, v)
	if err != nil {
		return err
	}
	_, err = mailboxSend.Run(ctx, shared,
		[]string{to, keys.Part(to, "wake"), notifyChannel(to)},
		wait.WakeMode(shared), wait.TokenTTL.Milliseconds(), ttl.Milliseconds(), letter)
	return err
}

// encode returns the stored form of a letter without the time.
func (m *Mailbox[T]) encode(to string, h letterHeader, v T) (string, error) {
	letters := m.letters
	if m.scoped {
		var err error
		if letters, err = m.codecFor(to); err != nil {
			return "", err
		}
	}
	h.from = m.h.Key
	return letters.Encode(headed.Value[T]{Header: h.String(), Value: v})
}

// failAt is like fail, for an operation on another address.
func (m *Mailbox[T]) failAt(op, to string, err error) error {
	if err == nil || m.h == nil {
		return m.h.Fail(op, err)
	}
	return &desir.OpError{Op: m.h.Type + "." + op, Key: to, Err: err}
}
