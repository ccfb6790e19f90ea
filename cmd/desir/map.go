package main

import (
	"context"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/collections"
)

// mapCmd works on what is stored for keys.
type mapCmd struct {
	Ls  mapList   `cmd:"" help:"Print keys and values, as a walk finds them: what changes meanwhile may be missing or come twice."`
	Get mapGet    `cmd:"" help:"Print the value of a key."`
	Set mapSet    `cmd:"" help:"Store a value under a key."`
	Del mapDelete `cmd:"" aliases:"rm" help:"Delete keys, and print how many there were."`
	Len mapLen    `cmd:"" help:"Print how many keys there are."`
}

type mapList struct {
	Name    string `arg:"" help:"Name of the map."`
	listing `embed:""`
}

type mapGet struct {
	Name string `arg:"" help:"Name of the map."`
	Key  string `arg:"" help:"A text, or JSON for a struct."`
	view `embed:""`
}

type mapSet struct {
	Name  string `arg:"" help:"Name of the map."`
	Key   string `arg:"" help:"A text, or JSON for a struct."`
	Value string `arg:"" help:"A text, JSON of an object or array, or - for standard input."`
	input `embed:""`
}

type mapDelete struct {
	Name string   `arg:"" help:"Name of the map."`
	Keys []string `arg:"" name:"key" help:"Texts, or JSON for structs."`
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
		k, err := key(c.Key)
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
		k, err := key(c.Key)
		if err != nil {
			return err
		}
		v, err := c.one(c.Value, s.in)
		if err != nil {
			return err
		}
		return collections.NewMap[string, string](rdb, c.Name).Set(ctx, k, v)
	})
}

// Run is "desir map del".
func (c *mapDelete) Run(ctx context.Context, s streams, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		keys, err := input{}.all(c.Keys)
		if err != nil {
			return err
		}
		return printed(s.out)(collections.NewMap[string, string](rdb, c.Name).Delete(ctx, keys...))
	})
}

// Run is "desir map len".
func (c *mapLen) Run(ctx context.Context, s streams, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		return printed(s.out)(collections.NewMap[string, string](rdb, c.Name).Len(ctx))
	})
}
