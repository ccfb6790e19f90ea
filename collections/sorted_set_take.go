package collections

import (
	"context"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/send"
)

// PopMin removes and returns the member with the lowest score. ok is false if the set
// is empty. PopMin sends one ZPOPMIN, once, and is O(log n). After [desir.ErrMaybeRan]
// one member may be lost. A member that does not decode is removed too, and PopMin
// returns the error.
func (z *SortedSet[T]) PopMin(ctx context.Context) (m Scored[T], ok bool, err error) {
	m, ok, err = z.pop(ctx, "zpopmin")
	return m, ok, z.h.Fail("PopMin", err)
}

// PopMax removes and returns the member with the highest score. It sends one ZPOPMAX.
// Otherwise it is as [SortedSet.PopMin].
func (z *SortedSet[T]) PopMax(ctx context.Context) (m Scored[T], ok bool, err error) {
	m, ok, err = z.pop(ctx, "zpopmax")
	return m, ok, z.h.Fail("PopMax", err)
}

func (z *SortedSet[T]) pop(ctx context.Context, command string) (m Scored[T], ok bool, err error) {
	popped, err := clients.Write(ctx, z.h, redis.NewZSliceCmd, command)
	if err != nil || len(popped) == 0 {
		return m, false, send.IgnoreNil(err)
	}
	raw, _ := popped[0].Member.(string)
	v, err := z.members.Decode(raw, z.h.Key, "")
	if err != nil {
		return m, false, err
	}
	return Scored[T]{v, popped[0].Score}, true, nil
}

// Remove removes members and returns how many of them existed. It sends one ZREM, once,
// and is O(len(ms)·log n) and atomic.
func (z *SortedSet[T]) Remove(ctx context.Context, ms ...T) (removed int, err error) {
	removed, err = z.remove(ctx, ms)
	return removed, z.h.Fail("Remove", err)
}

func (z *SortedSet[T]) remove(ctx context.Context, ms []T) (int, error) {
	s, err := z.h.Sender()
	if err != nil || len(ms) == 0 {
		return 0, err
	}
	all, err := z.members.EncodeAll(ms)
	if err != nil {
		return 0, err
	}
	cmd := redis.NewIntCmd(ctx, send.Args("zrem", z.h.Key, all)...)
	n, err := send.Reply(cmd, s.Write(ctx, cmd))
	return int(n), err
}

// RemoveRange removes the members that r selects and returns how many it removed. With a
// limit it removes the first members in the direction of r.
//
// RemoveRange runs one script in one round trip, sent once, and is O(log n + removed)
// and atomic. After [desir.ErrMaybeRan] the members may be removed, and the same
// positions may then select other members.
func (z *SortedSet[T]) RemoveRange(ctx context.Context, r Range) (removed int, err error) {
	_, err = z.h.Shared()
	if err == nil {
		err = r.err
	}
	if err != nil || r.none() {
		return 0, z.h.Fail("RemoveRange", err)
	}
	reply, err := zsetRemoveRange.RunOn(ctx, z.h, r.scriptArgs(r.limit)...)
	n, _ := reply.(int64)
	return int(n), z.h.Fail("RemoveRange", err)
}
