package channel

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/headed"
	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/stored"
	"github.com/desir-go/desir/internal/wait"
)

// Mailbox is an address for letters. Any client may send to it. A Mailbox receives its
// letters in order, or takes the first letter that matches ([Mailbox.Receive]). It can also
// send a letter to another mailbox and wait for the reply ([Mailbox.Ask]). It is stored as a
// Redis list of letters. A letter holds the server's time, the sender's address, the
// letter's ID and the value.
//
// Like a value of a [Chan], a letter goes to one receiver, at most once. If several receivers
// use one name, they share its letters. The number of letters is not bounded, and letters
// never expire. A letter that does not decode as a T, or that the codec rejects (forged,
// altered, or moved from another mailbox), is received as a [*codec.DecodeError]. See the
// package comment for the guarantees.
//
// Create a Mailbox with [NewMailbox]. It is safe for concurrent use.
type Mailbox[T any] struct {
	h       *clients.Handle
	codec   codec.Codec                   // of headed.Value[T]
	scoped  bool                          // the codec binds letters to an address
	letters stored.Codec[headed.Value[T]] // of letters to this mailbox
	source  wait.Source
	order   string // which letter comes first, an argument of mailboxLook
}

// The ends of the list from which a mailbox is read.
const (
	oldestFirst = "first"
	newestFirst = "last"
)

// NewMailbox returns the mailbox called name. The name is its address, and the sender's
// address of all letters that it sends. NewMailbox does not contact Redis and does not fail.
// If the name, the type or an option is invalid, every call returns that error.
func NewMailbox[T any](rdb redis.UniversalClient, name string, opts ...MailboxOption) *Mailbox[T] {
	s := newMailboxSettings(opts)
	m := &Mailbox[T]{codec: stored.WithHeader(s.codec, headerLen), source: wait.ListOf(name).Source, order: oldestFirst}
	_, m.scoped = s.codec.(codec.Scoped)
	if s.lifo {
		wake := keys.Part(name, "wake")
		m.source = wait.NewSource(name, wake, mailboxTakeLast, mailboxRequeueLast, name, wake)
		m.order = newestFirst
	}
	var err error
	m.letters, err = m.codecFor(name)
	m.h = clients.NewHandle(rdb, "channel.Mailbox", name, errors.Join(err, keys.CheckTag(name)))
	return m
}

// codecFor returns the codec of letters to an address.
func (m *Mailbox[T]) codecFor(address string) (stored.Codec[headed.Value[T]], error) {
	return stored.Messages[headed.Value[T]](stored.Scope(m.codec, "mailbox", address))
}

// Key returns the Redis key of the letters. It is the mailbox's address.
func (m *Mailbox[T]) Key() string { return keyOf(m.h) }

// Len returns the number of letters in the mailbox. It sends one LLEN, O(1).
func (m *Mailbox[T]) Len(ctx context.Context) (int, error) {
	n, err := clients.Read(ctx, m.h, redis.NewIntCmd, "llen")
	return int(n), m.h.Fail("Len", err)
}

// Exists reports whether the mailbox contains letters. Redis deletes a list when its last
// element is removed. Exists sends one EXISTS, O(1).
func (m *Mailbox[T]) Exists(ctx context.Context) (bool, error) {
	n, err := clients.Read(ctx, m.h, redis.NewIntCmd, "exists")
	return n > 0, m.h.Fail("Exists", err)
}

// Clear deletes the mailbox: its letters and the keys that wake receivers. Replies for
// [Mailbox.Ask] are kept. Clear runs one script: one round trip, atomic, sent once.
func (m *Mailbox[T]) Clear(ctx context.Context) error {
	return m.h.Fail("Clear", unlink(ctx, m.h, m.source.Keys()...))
}
