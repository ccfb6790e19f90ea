package main

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/channel"
)

// chanCmd works on a channel of text values.
type chanCmd struct {
	Send   chanSend   `cmd:"" help:"Send values, or the lines of standard input."`
	Recv   chanRecv   `cmd:"" help:"Receive values and print them."`
	Len    chanLen    `cmd:"" help:"Print the number of values in the channel."`
	Close  chanClose  `cmd:"" help:"Close the channel for all senders and receivers."`
	Reopen chanReopen `cmd:"" help:"Open a closed channel again."`
}

type chanSend struct {
	Name       string   `arg:"" help:"Name of the channel."`
	Values     []string `arg:"" optional:"" name:"value" help:"Text, or a JSON object or array. With no value, or with -, each line of standard input is a value."`
	Buffer     int      `default:"0" help:"Wait while the channel holds this many values; 0 means never."`
	valueFlags `embed:""`
}

type chanRecv struct {
	Name         string `arg:"" help:"Name of the channel."`
	receiveFlags `embed:""`
	viewFlags    `embed:""`
}

type (
	chanLen struct {
		Name string `arg:"" help:"Name of the channel."`
	}
	chanClose struct {
		Name string `arg:"" help:"Name of the channel."`
	}
	chanReopen struct {
		Name string `arg:"" help:"Name of the channel."`
	}
)

var errNeedsURL = errors.New("no Redis given; use --url or DESIR_URL (an embedded Redis would end with this command)")

// online runs f with a client of the Redis that the command line names.
func online(ctx context.Context, flags *cli, f func(redis.UniversalClient) error) error {
	if flags.URL == "" {
		return errNeedsURL
	}
	rdb, _, disconnect, err := connect(ctx, flags.URL)
	if err != nil {
		return err
	}
	return errors.Join(f(rdb), disconnect())
}

// Run is "desir chan send".
func (c *chanSend) Run(ctx context.Context, s streams, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		var opts []channel.Option
		if c.Buffer != 0 {
			opts = append(opts, channel.Buffer(c.Buffer))
		}
		to := channel.NewChan[string](rdb, c.Name, opts...)
		return c.encodeBatches(c.Values, s.in, maxBatch, "sent", func(values []string) (int, error) {
			return to.SendMany(ctx, values...)
		})
	})
}

// Run is "desir chan recv".
func (c *chanRecv) Run(ctx context.Context, s streams, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		values := channel.NewChan[string](rdb, c.Name).All(ctx, c.loopOptions()...)
		return printEach(s.out, values, c.Count, c.text)
	})
}

// Run is "desir chan len".
func (c *chanLen) Run(ctx context.Context, s streams, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		return printResult(s.out)(channel.NewChan[string](rdb, c.Name).Len(ctx))
	})
}

// Run is "desir chan close".
func (c *chanClose) Run(ctx context.Context, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		return channel.NewChan[string](rdb, c.Name).Close(ctx)
	})
}

// Run is "desir chan reopen".
func (c *chanReopen) Run(ctx context.Context, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		return channel.NewChan[string](rdb, c.Name).Reopen(ctx)
	})
}
