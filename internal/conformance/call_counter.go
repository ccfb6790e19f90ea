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

func boundedCalls(b *counter.Bounded) []Call {
	return append([]Call{
		look("Value", "get", func(ctx context.Context) error { return second(b.Value(ctx)) }),
		change("Add", "evalsha", func(ctx context.Context) error { return second(b.Add(ctx, 2)) }),
		change("Set", "set", func(ctx context.Context) error { return b.Set(ctx, 7) }).whatever(),
	}, objectCalls(b)...)
}

func windowCalls(w *counter.Window) []Call {
	return append([]Call{
		look("Count", "evalsha", func(ctx context.Context) error { return second(w.Count(ctx)) }),
		change("Add", "evalsha", func(ctx context.Context) error { return second(w.Add(ctx, 2)) }),
		change("Allow", "evalsha", func(ctx context.Context) error { return second(w.Allow(ctx, 100)) }),
	}, lastingCalls(w)...)
}

func shardedCalls(c *counter.Sharded) []Call {
	return append([]Call{
		look("Value", "get", func(ctx context.Context) error { return second(c.Value(ctx)) }),
		change("Add", "incrby", func(ctx context.Context) error { return c.Add(ctx, 2) }),
	}, lastingCalls(c)...)
}

// first reads the first element of a sequence.
func first[T any](seq iter.Seq2[T, error]) (err error) {
	for _, err = range seq {
		break
	}
	return err
}
