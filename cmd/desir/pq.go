package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/collections"
)

// pqCmd works on a priority queue of text values.
type pqCmd struct {
	Ls   pqList `cmd:"" help:"Print priorities and values in the order of popping, without removing them."`
	Push pqPush `cmd:"" help:"Push values, or the lines of standard input, with a priority. The lowest priority is popped first."`
	Pop  pqPop  `cmd:"" help:"Remove the value with the lowest priority and print it."`
	Len  pqLen  `cmd:"" help:"Print the number of values."`
}

type pqList struct {
	Name      string `arg:"" help:"Name of the queue."`
	listFlags `embed:""`
}

type pqPush struct {
	Name       string   `arg:"" help:"Name of the queue."`
	Priority   int      `arg:"" help:"An integer; the lowest is popped first."`
	Values     []string `arg:"" optional:"" name:"value" help:"Text, or a JSON object or array. With no value, or with -, each line of standard input is a value."`
	valueFlags `embed:""`
}

type pqPop struct {
	Name      string        `arg:"" help:"Name of the queue."`
	Wait      time.Duration `help:"Wait this long for a value; negative means without limit."`
	viewFlags `embed:""`
}

type pqLen struct {
	Name string `arg:"" help:"Name of the queue."`
}

// Run is "desir pq ls". A queue is a sorted set whose members begin with a number.
func (c *pqList) Run(ctx context.Context, s streams, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		all := collections.NewSortedSet[string](rdb, c.Name).Range(ctx, collections.ByRank(0, -1))
		return printEach(s.out, all, c.Count, func(m collections.Scored[string]) string {
			value := m.Value
			if numbered.MatchString(value) {
				value = value[len("1760000000000000:"):]
			}
			if c.JSON {
				return fmt.Sprintf(`{"priority":%s,"value":%s}`, appendJSON(nil, m.Score), c.text(value))
			}
			return scoreText(m.Score) + "\t" + c.text(value)
		})
	})
}

// Run is "desir pq push".
func (c *pqPush) Run(ctx context.Context, s streams, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		queue := channel.NewPriorityQueue[string](rdb, c.Name)
		return c.encodeEach(c.Values, s.in, "pushed", func(value string) error { return queue.Push(ctx, value, c.Priority) })
	})
}

// Run is "desir pq pop".
func (c *pqPop) Run(ctx context.Context, s streams, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		queue := channel.NewPriorityQueue[string](rdb, c.Name)
		if c.Wait == 0 {
			v, ok, err := queue.TryPop(ctx)
			return c.print(s.out, v, ok, err, "%s is empty", c.Name)
		}
		waiting := ctx
		if c.Wait > 0 {
			var stop context.CancelFunc
			waiting, stop = context.WithTimeout(ctx, c.Wait)
			defer stop()
		}
		v, err := queue.Pop(waiting)
		if errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, desir.ErrMaybeRan) && !errors.Is(err, desir.ErrUnavailable) && ctx.Err() == nil {
			return c.print(s.out, "", false, nil, "%s is empty", c.Name)
		}
		return c.print(s.out, v, true, err, "")
	})
}

// Run is "desir pq len".
func (c *pqLen) Run(ctx context.Context, s streams, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		return printResult(s.out)(channel.NewPriorityQueue[string](rdb, c.Name).Len(ctx))
	})
}
