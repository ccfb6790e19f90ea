package main

import (
	"context"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/collections"
)

// mapCmd works on a map of text values.
type mapCmd struct {
	Ls  mapList   `cmd:"" help:"Print keys and values, in no order. An entry that changes while it runs may be missing or printed twice."`
	Get mapGet    `cmd:"" help:"Print the value of a key."`
	Set mapSet    `cmd:"" help:"Store a value under a key."`
	Del mapDelete `cmd:"" aliases:"rm" help:"Delete keys and print how many existed."`
	Len mapLen    `cmd:"" help:"Print the number of keys."`
}

type mapList struct {
	Name      string `arg:"" help:"Name of the map."`
	listFlags `embed:""`
}

type mapGet struct {
	Name      string `arg:"" help:"Name of the map."`
	Key       string `arg:"" help:"Text, or a JSON object or array for a struct key."`
	viewFlags `embed:""`
}

type mapSet struct {
	Name       string `arg:"" help:"Name of the map."`
	Key        string `arg:"" help:"Text, or a JSON object or array for a struct key."`
	Value      string `arg:"" help:"Text, a JSON object or array, or - for standard input."`
	valueFlags `embed:""`
}

type mapDelete struct {
	Name string   `arg:"" help:"Name of the map."`
	Keys []string `arg:"" name:"key" help:"Text, or a JSON object or array for a struct key."`
}

type mapLen struct {
	Name string `arg:"" help:"Name of the map."`
}

// Run is "desir map ls".
func (c *mapList) Run(ctx context.Context, s streams, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		all := collections.NewMap[string, string](rdb, c.Name).All(ctx)
		return printEach(s.out, all, c.Count, func(e desir.Entry[string, string]) string {
			return c.parts("key", e.Key, "\t", "value", e.Value)
		})
	})
}

// Run is "desir map get".
func (c *mapGet) Run(ctx context.Context, s streams, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		k, err := encodeKey(c.Key)
		if err != nil {
			return err
		}
		v, ok, err := collections.NewMap[string, string](rdb, c.Name).Get(ctx, k)
		return c.print(s.out, v, ok, err, "%s has no key %s", c.Name, c.Key)
	})
}

// Run is "desir map set".
func (c *mapSet) Run(ctx context.Context, s streams, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		k, err := encodeKey(c.Key)
		if err != nil {
			return err
		}
		v, err := c.encodeOne(c.Value, s.in)
		if err != nil {
			return err
		}
		return collections.NewMap[string, string](rdb, c.Name).Set(ctx, k, v)
	})
}

// Run is "desir map del".
func (c *mapDelete) Run(ctx context.Context, s streams, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		keys, err := valueFlags{}.encodeAll(c.Keys)
		if err != nil {
			return err
		}
		return printResult(s.out)(collections.NewMap[string, string](rdb, c.Name).Delete(ctx, keys...))
	})
}

// Run is "desir map len".
func (c *mapLen) Run(ctx context.Context, s streams, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		return printResult(s.out)(collections.NewMap[string, string](rdb, c.Name).Len(ctx))
	})
}
