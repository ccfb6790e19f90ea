package main

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/channel"
)

// topicCmd works on a topic of text messages.
type topicCmd struct {
	Pub topicPublish `cmd:"" aliases:"publish" help:"Publish messages, or the lines of standard input."`
	Sub topicListen  `cmd:"" aliases:"listen" help:"Subscribe and print messages. Gaps are reported on standard error."`
}

type topicPublish struct {
	Name       string   `arg:"" help:"Name of the topic."`
	Words      []string `arg:"" optional:"" name:"word" help:"Text, or a JSON object or array. With no word, or with -, each line of standard input is a message."`
	valueFlags `embed:""`
}

type topicListen struct {
	Name         string `arg:"" help:"Name of the topic."`
	Pattern      bool   `help:"Treat the name as a glob pattern, subscribe to all matching topics and print the topic before each message."`
	receiveFlags `embed:""`
	viewFlags    `embed:""`
}

// Run is "desir topic pub".
func (c *topicPublish) Run(ctx context.Context, s streams, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		topic := channel.NewTopic[string](rdb, c.Name)
		return c.encodeEach(c.Words, s.in, "published", func(value string) error {
			_, err := topic.Publish(ctx, value)
			return err
		})
	})
}

// Run is "desir topic sub".
func (c *topicListen) Run(ctx context.Context, s streams, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		subscribe := channel.NewTopic[string](rdb, c.Name).Subscribe
		if c.Pattern {
			subscribe = channel.NewPattern[string](rdb, c.Name).Subscribe
		}
		sub, err := subscribe(ctx)
		if err != nil {
			return err
		}
		defer func() { _ = sub.Close() }() // its error is always nil
		return printEach(s.out, c.reportGaps(s, sub.All(ctx, c.loopOptions()...)), c.Count, func(m channel.Message[string]) string {
			if c.Pattern {
				return c.parts("topic", m.Topic, ": ", "value", m.Value)
			}
			return c.text(m.Value)
		})
	})
}

// reportGaps prints gaps on standard error and yields everything else.
func (c *topicListen) reportGaps(s streams, all iter.Seq2[channel.Message[string], error]) iter.Seq2[channel.Message[string], error] {
	return func(yield func(channel.Message[string], error) bool) {
		for m, err := range all {
			if gap, ok := errors.AsType[*channel.GapError](err); ok {
				fmt.Fprintln(s.err, "desir:", gap)
				continue
			}
			if !yield(m, err) {
				return
			}
		}
	}
}
