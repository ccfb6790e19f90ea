package channel

import (
	"context"
	"crypto/rand"
	"errors"
	"reflect"
	"time"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/headed"
	"github.com/desir-go/desir/internal/send"
	"github.com/desir-go/desir/internal/stored"
)

// Letter is an element that a [Mailbox] receives.
type Letter[T any] struct {
	// From is the sender's address, as stated by the sender.
	From string
	// SentAt is the time at which Redis stored the letter, by the server's clock, in UTC,
	// with microsecond precision. It is not signed.
	SentAt time.Time
	// Value is the value that was sent.
	Value T
	// ID identifies this letter. It consists of 26 random letters and digits.
	ID string
	// Re is the ID of the letter to which this letter replies. It is empty if the letter is
	// not a reply.
	Re string

	question bool        // sent by Ask
	mailbox  *Mailbox[T] // the receiver
}

var (
	errNotReceived = errors.New("the Letter was not received from a Mailbox")
	errNoTime      = errors.New("not a letter: it does not begin with a time")
)

// Reply sends a reply to the letter, with Re set to the letter's ID. If the letter was sent
// by [Mailbox.Ask], that call receives the reply. Otherwise the mailbox From receives it. Ask
// takes the first reply. A later reply, or a reply that no Ask is waiting for, expires after
// 5 minutes.
//
// Reply has the cost and the errors of [Mailbox.Send]. It also fails with
// [desir.ErrNotSupported] if the Letter was not received from a Mailbox.
func (l Letter[T]) Reply(ctx context.Context, v T) error {
	err := send.WithClass(desir.ErrNotSupported, errNotReceived)
	if l.mailbox != nil {
		err = l.reply(ctx, v)
	}
	if err != nil {
		return &desir.OpError{Op: "channel.Letter.Reply", Key: l.From, Err: err}
	}
	return nil
}

func (l Letter[T]) reply(ctx context.Context, v T) error {
	h := letterHeader{id: rand.Text(), re: l.ID}
	if l.question {
		return l.mailbox.send(ctx, replyAddress(l.From, l.ID), replyTTL, h, v)
	}
	return l.mailbox.send(ctx, l.From, 0, h, v)
}

// decode decodes a letter stored at an address, with the codec of that address. It fails with
// a DecodeError if the bytes are not a letter.
func (m *Mailbox[T]) decode(letters *stored.Codec[headed.Value[T]], encoded, address string) (l Letter[T], err error) {
	at, body, ok := splitTime(encoded)
	if !ok {
		return l, &codec.DecodeError{Key: address, Type: reflect.TypeFor[T]().String(), Codec: "mailbox", Err: errNoTime}
	}
	contents, err := letters.Decode(body, address, "")
	if err != nil {
		return l, err
	}
	h, _, _ := parseHeader([]byte(contents.Header)) // the codec has checked it
	return Letter[T]{
		From: h.from, SentAt: at, Value: contents.Value, ID: h.id, Re: h.re,
		question: h.question, mailbox: m,
	}, nil
}
