package main

import (
	"context"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/command"
)

// doCmd sends one command.
type doCmd struct {
	asking `embed:""`
	Words  []string `arg:"" name:"command" passthrough:"partial" help:"A command and its arguments; the tool's own flags stand in front."`
}

// Run is "desir do".
//
// The built-in table decides first. What it does not take may be newer than it, or a
// module's, so then the server is asked for its own.
func (c *doCmd) Run(ctx context.Context, s streams, flags *cli) error {
	if c.Words[0] == "--" {
		c.Words = c.Words[1:]
	}
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		reply, err := ask(ctx, command.New(rdb, command.LoadOnDemand(), command.Allow(c.Allow...)), c.Words)
		if err != nil {
			return err
		}
		return c.print(s.out, reply)
	})
}
