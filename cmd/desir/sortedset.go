package main

import (
	"context"
	"fmt"
	"math"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/collections"
)

// sortedSetCmd works on a sorted set.
type sortedSetCmd struct {
	Ls  sortedSetList   `cmd:"" help:"Print members and scores, lowest first."`
	Get sortedSetGet    `cmd:"" help:"Print the score of a member."`
	Add sortedSetAdd    `cmd:"" help:"Set the score of members, or of the lines of standard input, and print how many members were new."`
	Del sortedSetDelete `cmd:"" aliases:"rm" help:"Remove members and print how many existed."`
	Pop sortedSetPop    `cmd:"" help:"Remove the member with the lowest score and print both."`
	Len sortedSetLen    `cmd:"" help:"Print the number of members."`
}

type sortedSetList struct {
	Name      string `arg:"" help:"Name of the sorted set."`
	Reverse   bool   `help:"Print the highest score first."`
	listFlags `embed:""`
}

type sortedSetGet struct {
	Name   string `arg:"" help:"Name of the sorted set."`
	Member string `arg:"" help:"Text, or a JSON object or array."`
}

type sortedSetAdd struct {
	Name       string   `arg:"" help:"Name of the sorted set."`
	Score      float64  `arg:"" help:"A number, inf or -inf."`
	Members    []string `arg:"" optional:"" name:"member" help:"Text, or a JSON object or array. With no member, or with -, each line of standard input is a member."`
	valueFlags `embed:""`
}

type sortedSetDelete struct {
	Name    string   `arg:"" help:"Name of the sorted set."`
	Members []string `arg:"" name:"member" help:"Text, or a JSON object or array."`
}

type sortedSetPop struct {
	Name      string `arg:"" help:"Name of the sorted set."`
	Max       bool   `help:"Remove the member with the highest score instead."`
	viewFlags `embed:""`
}

type sortedSetLen struct {
	Name string `arg:"" help:"Name of the sorted set."`
}

// scored formats a member with its score.
func (v viewFlags) scored(m collections.Scored[string]) string {
	if v.JSON {
		return fmt.Sprintf(`{"member":%s,"score":%s}`, v.text(m.Value), appendJSON(nil, m.Score))
	}
	return v.text(m.Value) + "\t" + scoreText(m.Score)
}

// scoreText formats a score as Redis does.
func scoreText(score float64) string {
	if text, odd := notInJSON(score); odd {
		return text
	}
	format := byte('f')
	if size := math.Abs(score); size != 0 && (size < 1e-6 || size >= 1e17) {
		format = 'e'
	}
	return strconv.FormatFloat(score, format, -1, 64)
}

// Run is "desir sortedset ls".
func (c *sortedSetList) Run(ctx context.Context, s streams, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		all := collections.ByRank(0, -1)
		if c.Reverse {
			all = all.Reverse()
		}
		return printEach(s.out, collections.NewSortedSet[string](rdb, c.Name).Range(ctx, all), c.Count, c.scored)
	})
}

// Run is "desir sortedset get".
func (c *sortedSetGet) Run(ctx context.Context, s streams, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		member, err := encodeKey(c.Member)
		if err != nil {
			return err
		}
		score, ok, err := collections.NewSortedSet[string](rdb, c.Name).Score(ctx, member)
		if err == nil && !ok {
			err = fmt.Errorf("%s has no member %s", shown(c.Name), shown(c.Member))
		}
		return printResult(s.out)(scoreText(score), err)
	})
}

// Run is "desir sortedset add".
func (c *sortedSetAdd) Run(ctx context.Context, s streams, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		set, added := collections.NewSortedSet[string](rdb, c.Name), 0
		err := c.encodeBatches(c.Members, s.in, maxBatch, "stored", func(members []string) (int, error) {
			all := make([]collections.Scored[string], len(members))
			for i, m := range members {
				all[i] = collections.Scored[string]{Value: m, Score: c.Score}
			}
			n, err := set.AddMany(ctx, all...)
			added += n
			return 0, err
		})
		return printResult(s.out)(added, err)
	})
}

// Run is "desir sortedset del".
func (c *sortedSetDelete) Run(ctx context.Context, s streams, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		members, err := valueFlags{}.encodeAll(c.Members)
		if err != nil {
			return err
		}
		return printResult(s.out)(collections.NewSortedSet[string](rdb, c.Name).Remove(ctx, members...))
	})
}

// Run is "desir sortedset pop".
func (c *sortedSetPop) Run(ctx context.Context, s streams, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		set := collections.NewSortedSet[string](rdb, c.Name)
		pop := set.PopMin
		if c.Max {
			pop = set.PopMax
		}
		m, ok, err := pop(ctx)
		if err == nil && !ok {
			err = fmt.Errorf("%s is empty", shown(c.Name))
		}
		return printResult(s.out)(c.scored(m), err)
	})
}

// Run is "desir sortedset len".
func (c *sortedSetLen) Run(ctx context.Context, s streams, flags *cli) error {
	return online(ctx, flags, func(rdb redis.UniversalClient) error {
		return printResult(s.out)(collections.NewSortedSet[string](rdb, c.Name).Len(ctx))
	})
}
