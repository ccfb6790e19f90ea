package channel

import (
	"context"
	"crypto/rand"
	"errors"
	"reflect"
	"time"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/element"
	"github.com/desir-go/desir/internal/headed"
	"github.com/desir-go/desir/internal/send"
)

// Letter is what a [Mailbox] receives.
type Letter[T any] struct {
	From   string    // the sender's address, as the sender says
	SentAt time.Time // when Redis took it, by the server's clock, to the microsecond, in UTC; not signed
	Value  T
	ID     string // of this letter: 26 random letters and digits
	Re     string // the ID of the letter that this one answers; empty if it answers none

	question bool
	mailbox  *Mailbox[T] // that received it
}

var (
	errNotReceived = errors.New("the Letter was not received from a Mailbox")
	errNoTime      = errors.New("no letter: no time in front")
)

// Reply answers the letter: to [Mailbox.Ask], if that has sent it, else to the
// mailbox From, with Re set. Ask takes the first answer; what comes after that,
// or when nobody waits any more, expires after 5 minutes.
//
// It costs what [Mailbox.Send] does and fails in the same ways, and with
// [desir.ErrNotSupported] for a Letter that no Mailbox has received.
func (l Letter[T]) Reply(ctx context.Context, v T) error {
	err := send.Fault(desir.ErrNotSupported, errNotReceived)
	if l.mailbox != nil {
		err = l.reply(ctx, v)
	}
	if err != nil {
		return &desir.OpError{Op: "channel.Letter.Reply", Key: l.From, Err: err}
	}
	return nil
}

func (l Letter[T]) reply(ctx context.Context, v T) error {
	h := head{id: rand.Text(), re: l.ID}
	if l.question {
		return l.mailbox.send(ctx, answerAddress(l.From, l.ID), answerLife, h, v)
	}
	return l.mailbox.send(ctx, l.From, 0, h, v)
}

// read makes a Letter of what is stored at an address, by the codec of that
// address. Anything that is no letter is a DecodeError.
func (m *Mailbox[T]) read(contents *element.Of[headed.Of[T]], stored, address string) (l Letter[T], err error) {
	at, sealed, ok := cutTime(stored)
	if !ok {
		return l, &codec.DecodeError{Key: address, Type: reflect.TypeFor[T]().String(), Codec: "mailbox", Err: errNoTime}
	}
	c, err := contents.Decode(sealed, address, "")
	if err != nil {
		return l, err
	}
	h, _, _ := readHead([]byte(c.Head)) // which the codec has found in order
	return Letter[T]{
		From: h.from, SentAt: at, Value: c.Value, ID: h.id, Re: h.re,
		question: h.question, mailbox: m,
	}, nil
}
