package channel

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/element"
	"github.com/desir-go/desir/internal/headed"
	"github.com/desir-go/desir/internal/hub"
	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/wait"
)

// Mailbox is an address for letters: anyone may send there, and who has it
// receives them in order, picks the first that fits ([Mailbox.Receive]), or asks
// others and waits for the answer ([Mailbox.Ask]). It is a Redis list of letters:
// the server's time, the sender's address, the letter's ID, and the value.
//
// A letter goes to one receiver, at most once, as a value of a [Chan] does: if
// several receive at one name they share the letters. There is no bound on their
// number, and they never expire. A letter that is no T, or that the codec refuses
// (forged, altered, moved from another mailbox), is a [*codec.DecodeError] of that
// letter. See the package comment for what it promises.
//
// Use NewMailbox. A Mailbox is safe for any number of goroutines.
type Mailbox[T any] struct {
	h       *hub.Handle
	codec   codec.Codec
	letters element.Of[headed.Of[T]] // that come here
	source  wait.Source
	end     string // which letter comes first, as mailboxLook wants it
}

// The ends of the list at which a mailbox may be read.
const (
	fromFirst = "first"
	fromLast  = "last"
)

// NewMailbox names a mailbox: its own address, which its letters bear as their
// sender's. It does not talk to Redis and cannot fail: a name, a type or an option
// that cannot work is the error of every call.
func NewMailbox[T any](rdb redis.UniversalClient, name string, opts ...MailboxOption) *Mailbox[T] {
	s := gatherMailbox(opts)
	m := &Mailbox[T]{codec: s.codec, source: wait.ListOf(name).Source, end: fromFirst}
	if s.lifo {
		wake := keys.Part(name, "wake")
		m.source = wait.NewSource(name, wake, mailboxTakeLast, mailboxGiveLast, name, wake)
		m.end = fromLast
	}
	var err error
	m.letters, err = m.sealedFor(name)
	m.h = hub.NewHandle(rdb, "channel.Mailbox", name, errors.Join(err, keys.CheckTag(name)))
	return m
}

// sealedFor returns the way of letters that go to an address.
func (m *Mailbox[T]) sealedFor(address string) (element.Of[headed.Of[T]], error) {
	return element.Headed[T](element.Scoped(m.codec, "mailbox", address), cutHead)
}

// Key returns the Redis key of the letters, which is the mailbox's address.
func (m *Mailbox[T]) Key() string { return keyOf(m.h) }

// Len returns how many letters are in the mailbox. One LLEN, O(1).
func (m *Mailbox[T]) Len(ctx context.Context) (int, error) {
	n, err := count(ctx, m.h, "llen")
	return int(n), m.fail("Len", err)
}

// Exists reports whether letters are in the mailbox: Redis deletes a list with
// its last element. One EXISTS, O(1).
func (m *Mailbox[T]) Exists(ctx context.Context) (bool, error) {
	n, err := count(ctx, m.h, "exists")
	return n > 0, m.fail("Exists", err)
}

// Clear deletes the mailbox: its letters, and what wakes receivers. One script,
// one round trip, atomic, sent once. Answers that are on their way to Ask stay.
func (m *Mailbox[T]) Clear(ctx context.Context) error {
	return m.fail("Clear", unlink(ctx, m.h, m.source.Keys()...))
}

func (m *Mailbox[T]) fail(op string, err error) error { return failure(m.h, op, err) }
