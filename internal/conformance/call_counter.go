package conformance

import (
	"context"
	"iter"

	"github.com/desir-go/desir/counter"
)

func counterCalls(c *counter.Counter, add string) []Call {
	return append([]Call{
		reads("Value", "get", func(ctx context.Context) error { return second(c.Value(ctx)) }),
		writes("Next", add, func(ctx context.Context) error { return second(c.Next(ctx)) }),
		writes("Add", add, func(ctx context.Context) error { return second(c.Add(ctx, 2)) }),
		writes("Numbers", add, func(ctx context.Context) error { return first(c.Numbers(ctx)) }),
		writes("Set", "set", func(ctx context.Context) error { return c.Set(ctx, 7) }).ofAnyType(),
		writes("Swap", "set", func(ctx context.Context) error { return second(c.Swap(ctx, 7)) }),
		writes("CompareAndSwap", "evalsha", func(ctx context.Context) error { return second(c.CompareAndSwap(ctx, 4, 7)) }),
		writes("AddOnce", "evalsha", func(ctx context.Context) error { return third(c.AddOnce(ctx, marker, 2)) }),
	}, objectCalls(c)...)
}

func idsCalls(s *counter.IDs) []Call {
	return append([]Call{
		writes("Next", "incrby", func(ctx context.Context) error { return second(s.Next(ctx)) }),
		writes("Numbers", "incrby", func(ctx context.Context) error { return first(s.Numbers(ctx)) }),
	}, objectCalls(s)...)
}

func boundedCalls(b *counter.Bounded) []Call {
	return append([]Call{
		reads("Value", "get", func(ctx context.Context) error { return second(b.Value(ctx)) }),
		writes("Add", "evalsha", func(ctx context.Context) error { return second(b.Add(ctx, 2)) }),
		writes("Set", "set", func(ctx context.Context) error { return b.Set(ctx, 7) }).ofAnyType(),
	}, objectCalls(b)...)
}

func windowCalls(w *counter.Window) []Call {
	return append([]Call{
		reads("Count", "evalsha", func(ctx context.Context) error { return second(w.Count(ctx)) }),
		writes("Add", "evalsha", func(ctx context.Context) error { return second(w.Add(ctx, 2)) }),
		writes("Allow", "evalsha", func(ctx context.Context) error { return second(w.Allow(ctx, 100)) }),
	}, baseCalls(w)...)
}

func shardedCalls(c *counter.Sharded) []Call {
	return append([]Call{
		reads("Value", "get", func(ctx context.Context) error { return second(c.Value(ctx)) }),
		writes("Add", "incrby", func(ctx context.Context) error { return c.Add(ctx, 2) }),
	}, baseCalls(c)...)
}

// first reads the first element of a sequence.
func first[T any](seq iter.Seq2[T, error]) (err error) {
	for _, err = range seq {
		break
	}
	return err
}
