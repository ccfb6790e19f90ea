package main

import (
	"context"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/channel"
)

// mailboxCmd works on letters of text.
type mailboxCmd struct {
	Send mailboxSend `cmd:"" help:"Send letters, or the lines of standard input, to an address."`
	Recv mailboxRecv `cmd:"" help:"Receive letters and print each after its sender."`
	Len  mailboxLen  `cmd:"" help:"Print the number of letters in the mailbox."`
}

type mailboxSend struct {
	To         string   `arg:"" help:"Address of the mailbox."`
	Words      []string `arg:"" optional:"" name:"word" help:"Text, or a JSON object or array. With no word, or with -, each line of standard input is a letter."`
	From       string   `default:"desir" help:"Sender address of the letters; replies go there."`
	valueFlags `embed:""`
}

type mailboxRecv struct {
	Name         string `arg:"" help:"Address of the mailbox."`
	receiveFlags `embed:""`
	viewFlags    `embed:""`
}

type mailboxLen struct {
	Name string `arg:"" help:"Address of the mailbox."`
}

// Run is "desir mailbox send".
func (c *mailboxSend) Run(ctx context.Context, s streams, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		from := channel.NewMailbox[string](rdb, c.From)
		return c.encodeEach(c.Words, s.in, "sent", func(value string) error { return from.Send(ctx, c.To, value) })
	})
}

// Run is "desir mailbox recv".
func (c *mailboxRecv) Run(ctx context.Context, s streams, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		letters := channel.NewMailbox[string](rdb, c.Name).All(ctx, c.loopOptions()...)
		return printEach(s.out, letters, c.Count, func(l channel.Letter[string]) string {
			return c.parts("from", l.From, ": ", "value", l.Value)
		})
	})
}

// Run is "desir mailbox len".
func (c *mailboxLen) Run(ctx context.Context, s streams, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		return printResult(s.out)(channel.NewMailbox[string](rdb, c.Name).Len(ctx))
	})
}
