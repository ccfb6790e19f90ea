package main

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/collections"
)

// setCmd works on a set.
type setCmd struct {
	Ls  setList   `cmd:"" help:"Print the members, in no order. A member that changes while it runs may be missing or printed twice."`
	Add setAdd    `cmd:"" help:"Add members, or the lines of standard input, and print how many were new."`
	Del setDelete `cmd:"" aliases:"rm" help:"Remove members and print how many existed."`
	Has setHas    `cmd:"" help:"Print true or false for each member."`
	Len setLen    `cmd:"" help:"Print the number of members."`
}

type setList struct {
	Name      string `arg:"" help:"Name of the set."`
	listFlags `embed:""`
}

type setAdd struct {
	Name       string   `arg:"" help:"Name of the set."`
	Members    []string `arg:"" optional:"" name:"member" help:"Text, or a JSON object or array. With no member, or with -, each line of standard input is a member."`
	valueFlags `embed:""`
}

type setDelete struct {
	Name       string   `arg:"" help:"Name of the set."`
	Members    []string `arg:"" name:"member" help:"Text, or a JSON object or array."`
	valueFlags `embed:""`
}

type setHas struct {
	Name       string   `arg:"" help:"Name of the set."`
	Members    []string `arg:"" name:"member" help:"Text, or a JSON object or array."`
	valueFlags `embed:""`
}

type setLen struct {
	Name string `arg:"" help:"Name of the set."`
}

// Run is "desir set ls".
func (c *setList) Run(ctx context.Context, s streams, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		return printEach(s.out, collections.NewSet[string](rdb, c.Name).All(ctx), c.Count, c.text)
	})
}

// Run is "desir set add".
func (c *setAdd) Run(ctx context.Context, s streams, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		set, added := collections.NewSet[string](rdb, c.Name), 0
		err := c.encodeBatches(c.Members, s.in, maxBatch, "stored", func(members []string) (int, error) {
			n, err := set.Add(ctx, members...)
			added += n
			return 0, err
		})
		return printResult(s.out)(added, err)
	})
}

// Run is "desir set del".
func (c *setDelete) Run(ctx context.Context, s streams, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		members, err := c.encodeAll(c.Members)
		if err != nil {
			return err
		}
		return printResult(s.out)(collections.NewSet[string](rdb, c.Name).Remove(ctx, members...))
	})
}

// Run is "desir set has".
func (c *setHas) Run(ctx context.Context, s streams, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		members, err := c.encodeAll(c.Members)
		if err != nil {
			return err
		}
		has, err := collections.NewSet[string](rdb, c.Name).HasMany(ctx, members...)
		for _, h := range has {
			fmt.Fprintln(s.out, h)
		}
		return err
	})
}

// Run is "desir set len".
func (c *setLen) Run(ctx context.Context, s streams, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		return printResult(s.out)(collections.NewSet[string](rdb, c.Name).Len(ctx))
	})
}
