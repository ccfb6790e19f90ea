package main

import (
	"context"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/command"
)

// doCmd sends one command.
type doCmd struct {
	commandFlags `embed:""`
	Words        []string `arg:"" name:"command" passthrough:"partial" help:"A Redis command and its arguments. Flags of desir must precede it."`
}

// Run is "desir do".
//
// The command is checked against the built-in table. If that refuses it, it may be
// newer or belong to a module, so it is checked again with the server's table.
func (c *doCmd) Run(ctx context.Context, s streams, flags *cli) error {
	if c.Words[0] == "--" {
		c.Words = c.Words[1:]
	}
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		reply, err := sendCommand(ctx, command.New(rdb, command.LoadOnDemand(), command.Allow(c.Allow...)), c.Words)
		if err != nil {
			return err
		}
		return c.print(s.out, reply)
	})
}
