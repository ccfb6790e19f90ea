package main

import (
	"context"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/counter"
)

// counterCmd works on a counter.
type counterCmd struct {
	Get  counterGet  `cmd:"" help:"Print the number; 0 if the counter does not exist."`
	Next counterNext `cmd:"" help:"Add 1 and print the new number; no other call gets it."`
	Add  counterAdd  `cmd:"" help:"Add a number and print the result."`
	Set  counterSet  `cmd:"" help:"Set the number."`
}

type (
	counterGet struct {
		Name string `arg:"" help:"Name of the counter."`
	}
	counterNext struct {
		Name string `arg:"" help:"Name of the counter."`
	}
	counterAdd struct {
		Name string `arg:"" help:"Name of the counter."`
		N    int64  `arg:"" help:"The number to add; may be negative."`
	}
	counterSet struct {
		Name string `arg:"" help:"Name of the counter."`
		N    int64  `arg:"" help:"The number."`
	}
)

// Run is "desir counter get".
func (c *counterGet) Run(ctx context.Context, s streams, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		return printResult(s.out)(counter.New(rdb, c.Name).Value(ctx))
	})
}

// Run is "desir counter next".
func (c *counterNext) Run(ctx context.Context, s streams, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		return printResult(s.out)(counter.New(rdb, c.Name).Next(ctx))
	})
}

// Run is "desir counter add".
func (c *counterAdd) Run(ctx context.Context, s streams, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		return printResult(s.out)(counter.New(rdb, c.Name).Add(ctx, c.N))
	})
}

// Run is "desir counter set".
func (c *counterSet) Run(ctx context.Context, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		return counter.New(rdb, c.Name).Set(ctx, c.N)
	})
}
