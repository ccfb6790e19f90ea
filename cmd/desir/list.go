package main

import (
	"context"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/collections"
)

// listCmd works on the elements of a list.
type listCmd struct {
	Ls   listList `cmd:"" help:"Print the elements from front to back. If elements are removed from the front while it runs, it may skip some."`
	Push listPush `cmd:"" help:"Append elements, or the lines of standard input, and print the new length."`
	Pop  listPop  `cmd:"" help:"Remove the first element and print it."`
	At   listAt   `cmd:"" help:"Print the element at a position."`
	Len  listLen  `cmd:"" help:"Print the number of elements."`
}

type listList struct {
	Name      string `arg:"" help:"Name of the list."`
	listFlags `embed:""`
}

type listPush struct {
	Name       string   `arg:"" help:"Name of the list."`
	Values     []string `arg:"" optional:"" name:"value" help:"Text, or a JSON object or array. With no value, or with -, each line of standard input is a value."`
	Front      bool     `help:"Prepend each element instead."`
	valueFlags `embed:""`
}

type listPop struct {
	Name      string `arg:"" help:"Name of the list."`
	Back      bool   `help:"Remove the last element instead."`
	viewFlags `embed:""`
}

type listAt struct {
	Name      string `arg:"" help:"Name of the list."`
	Position  int    `arg:"" help:"Index of the element; 0 is the first, -1 the last."`
	viewFlags `embed:""`
}

type listLen struct {
	Name string `arg:"" help:"Name of the list."`
}

// Run is "desir list ls".
func (c *listList) Run(ctx context.Context, s streams, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		return printEach(s.out, collections.NewList[string](rdb, c.Name).All(ctx), c.Count, c.text)
	})
}

// Run is "desir list push".
func (c *listPush) Run(ctx context.Context, s streams, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		list, length := collections.NewList[string](rdb, c.Name), 0
		push := list.PushBack
		if c.Front {
			push = list.PushFront
		}
		err := c.encodeBatches(c.Values, s.in, maxBatch, "stored", func(values []string) (_ int, err error) {
			length, err = push(ctx, values...)
			return 0, err
		})
		return printResult(s.out)(length, err)
	})
}

// Run is "desir list pop".
func (c *listPop) Run(ctx context.Context, s streams, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		list := collections.NewList[string](rdb, c.Name)
		pop := list.PopFront
		if c.Back {
			pop = list.PopBack
		}
		v, ok, err := pop(ctx)
		return c.print(s.out, v, ok, err, "%s is empty", c.Name)
	})
}

// Run is "desir list at".
func (c *listAt) Run(ctx context.Context, s streams, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		v, ok, err := collections.NewList[string](rdb, c.Name).At(ctx, c.Position)
		return c.print(s.out, v, ok, err, "%s has no element %v", c.Name, c.Position)
	})
}

// Run is "desir list len".
func (c *listLen) Run(ctx context.Context, s streams, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		return printResult(s.out)(collections.NewList[string](rdb, c.Name).Len(ctx))
	})
}
