package main

import (
	"context"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/collections"
)

// valueCmd works on a value.
type valueCmd struct {
	Get valueGet    `cmd:"" help:"Print the value."`
	Set valueSet    `cmd:"" help:"Store a value and remove its expiry."`
	Del valueDelete `cmd:"" aliases:"rm" help:"Delete the value and print 1 if it existed, or 0."`
}

type valueGet struct {
	Name      string `arg:"" help:"Name of the value."`
	viewFlags `embed:""`
}

type valueSet struct {
	Name       string `arg:"" help:"Name of the value."`
	Value      string `arg:"" help:"Text, a JSON object or array, or - for standard input."`
	valueFlags `embed:""`
}

type valueDelete struct {
	Name string `arg:"" help:"Name of the value."`
}

// Run is "desir value get".
func (c *valueGet) Run(ctx context.Context, s streams, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		v, ok, err := collections.NewValue[string](rdb, c.Name).Get(ctx)
		return c.print(s.out, v, ok, err, "%s does not exist", c.Name)
	})
}

// Run is "desir value set".
func (c *valueSet) Run(ctx context.Context, s streams, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		v, err := c.encodeOne(c.Value, s.in)
		if err != nil {
			return err
		}
		return collections.NewValue[string](rdb, c.Name).Set(ctx, v)
	})
}

// Run is "desir value del".
func (c *valueDelete) Run(ctx context.Context, s streams, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		deleted, err := collections.NewValue[string](rdb, c.Name).Delete(ctx)
		n := 0
		if deleted {
			n = 1
		}
		return printResult(s.out)(n, err)
	})
}
