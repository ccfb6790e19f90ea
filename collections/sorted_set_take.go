package collections

import (
	"context"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/send"
)

// PopMin takes the member with the lowest score out and returns it; ok is
// false when the set is empty. One ZPOPMIN, O(log n), sent once: after
// [desir.ErrMaybeRan] one member may be gone. A member that does not decode is
// gone as well; the error tells.
func (z *SortedSet[T]) PopMin(ctx context.Context) (m Scored[T], ok bool, err error) {
	m, ok, err = z.pop(ctx, "zpopmin")
	return m, ok, z.fail("PopMin", err)
}

// PopMax takes the member with the highest score out, otherwise as
// [SortedSet.PopMin]. ZPOPMAX.
func (z *SortedSet[T]) PopMax(ctx context.Context) (m Scored[T], ok bool, err error) {
	m, ok, err = z.pop(ctx, "zpopmax")
	return m, ok, z.fail("PopMax", err)
}

func (z *SortedSet[T]) pop(ctx context.Context, command string) (m Scored[T], ok bool, err error) {
	s, err := z.h.Send()
	if err != nil {
		return m, false, err
	}
	cmd := redis.NewZSliceCmd(ctx, command, z.h.Key)
	if err := s.Write(ctx, cmd); err != nil || len(cmd.Val()) == 0 {
		return m, false, send.Miss(err)
	}
	raw, _ := cmd.Val()[0].Member.(string)
	v, err := z.members.Decode(raw, z.h.Key, "")
	if err != nil {
		return m, false, err
	}
	return Scored[T]{v, cmd.Val()[0].Score}, true, nil
}

// Remove takes members out and returns how many were there. One ZREM,
// O(len(ms)·log n), atomic, sent once.
func (z *SortedSet[T]) Remove(ctx context.Context, ms ...T) (removed int, err error) {
	removed, err = z.remove(ctx, ms)
	return removed, z.fail("Remove", err)
}

func (z *SortedSet[T]) remove(ctx context.Context, ms []T) (int, error) {
	s, err := z.h.Send()
	if err != nil || len(ms) == 0 {
		return 0, err
	}
	all, err := z.members.EncodeAll(ms)
	if err != nil {
		return 0, err
	}
	cmd := redis.NewIntCmd(ctx, send.Args("zrem", z.h.Key, all)...)
	if err := s.Write(ctx, cmd); err != nil {
		return 0, err
	}
	return int(cmd.Val()), nil
}

// RemoveRange takes out what r names and returns how many that were. With a
// limit these are the first ones in the direction of r. One script, one round
// trip, O(log n + removed), atomic, sent once: after [desir.ErrMaybeRan] they
// may be gone, and positions name others then.
func (z *SortedSet[T]) RemoveRange(ctx context.Context, r Range) (removed int, err error) {
	hub, err := z.h.Hub()
	if err == nil {
		err = r.err
	}
	if err != nil || r.none() {
		return 0, z.fail("RemoveRange", err)
	}
	answer, err := zsetRemoveRange.Run(ctx, hub, []string{z.h.Key}, r.words(r.limit)...)
	n, _ := answer.(int64)
	return int(n), z.fail("RemoveRange", err)
}
