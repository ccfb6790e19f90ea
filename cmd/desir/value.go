package main

import (
	"context"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/collections"
)

// valueCmd works on a single value.
type valueCmd struct {
	Get valueGet    `cmd:"" help:"Print the value."`
	Set valueSet    `cmd:"" help:"Store it; an expiry that it had is gone."`
	Del valueDelete `cmd:"" aliases:"rm" help:"Delete it, and print whether it was there, as 1 or 0."`
}

type valueGet struct {
	Name string `arg:"" help:"Name of the value."`
	view `embed:""`
}

type valueSet struct {
	Name  string `arg:"" help:"Name of the value."`
	Value string `arg:"" help:"A text, JSON of an object or array, or - for standard input."`
	input `embed:""`
}

type valueDelete struct {
	Name string `arg:"" help:"Name of the value."`
}

// Run is "desir value get".
func (c *valueGet) Run(ctx context.Context, s streams, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		v, ok, err := collections.NewValue[string](rdb, c.Name).Get(ctx)
		return c.print(s.out, v, ok, err, "there is no %s", c.Name)
	})
}

// Run is "desir value set".
func (c *valueSet) Run(ctx context.Context, s streams, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		v, err := c.one(c.Value, s.in)
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
		return printed(s.out)(n, err)
	})
}
