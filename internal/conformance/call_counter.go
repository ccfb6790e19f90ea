package conformance

import (
	"context"
	"iter"

	"github.com/desir-go/desir/counter"
)

func counterCalls(c *counter.Counter, add string) []Call {
	return append([]Call{
		look("Value", "get", func(ctx context.Context) error { return second(c.Value(ctx)) }),
		change("Next", add, func(ctx context.Context) error { return second(c.Next(ctx)) }),
		change("Add", add, func(ctx context.Context) error { return second(c.Add(ctx, 2)) }),
		change("Numbers", add, func(ctx context.Context) error { return first(c.Numbers(ctx)) }),
		change("Set", "set", func(ctx context.Context) error { return c.Set(ctx, 7) }).whatever(),
		change("Swap", "set", func(ctx context.Context) error { return second(c.Swap(ctx, 7)) }),
		change("CompareAndSwap", "evalsha", func(ctx context.Context) error { return second(c.CompareAndSwap(ctx, 4, 7)) }),
		change("AddOnce", "evalsha", func(ctx context.Context) error { return third(c.AddOnce(ctx, marker, 2)) }),
	}, objectCalls(c)...)
}

func idsCalls(s *counter.IDs) []Call {
	return append([]Call{
		change("Next", "incrby", func(ctx context.Context) error { return second(s.Next(ctx)) }),
		change("Numbers", "incrby", func(ctx context.Context) error { return first(s.Numbers(ctx)) }),
	}, objectCalls(s)...)
}

// first takes one step of a sequence.
func first[T any](seq iter.Seq2[T, error]) (err error) {
	for _, err = range seq {
		break
	}
	return err
}
