package collections

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/hub"
)

// Move takes m out of s and puts it into to, and reports whether it was in s.
// One SMOVE, O(1), atomic, sent once. On a cluster both names need one hash
// tag, else the error is [desir.ErrCrossSlot] and nothing is sent.
func (s *Set[T]) Move(ctx context.Context, to *Set[T], m T) (moved bool, err error) {
	hub, names, err := together(s, to)
	if err != nil {
		return false, s.fail("Move", err)
	}
	member, err := s.members.Encode(m)
	if err != nil {
		return false, s.fail("Move", err)
	}
	cmd := redis.NewIntCmd(ctx, "smove", names[0], names[1], member)
	if err := hub.Send.Write(ctx, cmd); err != nil {
		return false, s.fail("Move", err)
	}
	return cmd.Val() == 1, nil
}

// Union returns the members of s and of all others, each once. One SUNION,
// O(all members), atomic; one hash tag on a cluster, as for [Set.Move].
func (s *Set[T]) Union(ctx context.Context, others ...*Set[T]) ([]T, error) {
	return s.combine(ctx, "Union", "sunion", others)
}

// Intersect returns the members of s that are in all others too. One SINTER,
// O(smallest set × sets), atomic; one hash tag on a cluster, as for [Set.Move].
func (s *Set[T]) Intersect(ctx context.Context, others ...*Set[T]) ([]T, error) {
	return s.combine(ctx, "Intersect", "sinter", others)
}

// Diff returns the members of s that are in none of the others. One SDIFF,
// O(all members), atomic; one hash tag on a cluster, as for [Set.Move].
func (s *Set[T]) Diff(ctx context.Context, others ...*Set[T]) ([]T, error) {
	return s.combine(ctx, "Diff", "sdiff", others)
}

func (s *Set[T]) combine(ctx context.Context, op, command string, others []*Set[T]) ([]T, error) {
	hub, names, err := together(s, others...)
	if err != nil {
		return nil, s.fail(op, err)
	}
	ms, err := s.list(ctx, hub.Send.Read, words(command, names)...)
	return ms, s.fail(op, err)
}

// IntersectLen returns how many members of s are in all others too; it stops
// counting at limit, 0 for no limit. One SINTERCARD, O(smallest set × sets),
// atomic; one hash tag on a cluster, as for [Set.Move].
func (s *Set[T]) IntersectLen(ctx context.Context, limit int, others ...*Set[T]) (int, error) {
	hub, names, err := together(s, others...)
	if err != nil {
		return 0, s.fail("IntersectLen", err)
	}
	args := words("sintercard", names, len(names))
	cmd := redis.NewIntCmd(ctx, append(args, "limit", max(limit, 0))...)
	cmd.SetFirstKeyPos(2)
	if err := hub.Send.Read(ctx, cmd); err != nil {
		return 0, s.fail("IntersectLen", err)
	}
	return int(cmd.Val()), nil
}

// StoreUnion makes s the union of the others, replacing what it held, and
// returns its length. One SUNIONSTORE, O(all members), atomic, sent once; one
// hash tag on a cluster, as for [Set.Move]. At least one other set is needed.
func (s *Set[T]) StoreUnion(ctx context.Context, from ...*Set[T]) (n int, err error) {
	return s.store(ctx, "StoreUnion", "sunionstore", from)
}

// StoreIntersect makes s the intersection of the others. It costs and fails as
// [Set.StoreUnion] does. SINTERSTORE.
func (s *Set[T]) StoreIntersect(ctx context.Context, from ...*Set[T]) (n int, err error) {
	return s.store(ctx, "StoreIntersect", "sinterstore", from)
}

// StoreDiff makes s what is in the first of the others and in none of the
// rest. It costs and fails as [Set.StoreUnion] does. SDIFFSTORE.
func (s *Set[T]) StoreDiff(ctx context.Context, from ...*Set[T]) (n int, err error) {
	return s.store(ctx, "StoreDiff", "sdiffstore", from)
}

var errNoSets = errors.New("no sets to store from")

func (s *Set[T]) store(ctx context.Context, op, command string, from []*Set[T]) (int, error) {
	if len(from) == 0 {
		return 0, s.fail(op, errNoSets)
	}
	hub, names, err := together(s, from...)
	if err != nil {
		return 0, s.fail(op, err)
	}
	cmd := redis.NewIntCmd(ctx, words(command, names)...)
	if err := hub.Send.Write(ctx, cmd); err != nil {
		return 0, s.fail(op, err)
	}
	return int(cmd.Val()), nil
}

// together returns the hub and the keys of sets that one command names.
func together[T comparable](s *Set[T], others ...*Set[T]) (*hub.Hub, []string, error) {
	handles := make([]*hub.Handle, 0, 1+len(others))
	handles = append(handles, s.h)
	for _, o := range others {
		if o == nil {
			return nil, nil, errNilObject
		}
		handles = append(handles, o.h)
	}
	return reach(handles...)
}

var (
	errNilObject = errors.New("the other object is nil")
	errApart     = fmt.Errorf("%w: the other object belongs to another client", desir.ErrNotSupported)
)

// reach returns the hub and the keys of objects that one command names: all of
// one client and, where that matters, of one slot.
func reach(handles ...*hub.Handle) (*hub.Hub, []string, error) {
	var first *hub.Hub
	names := make([]string, 0, len(handles))
	for _, h := range handles {
		hub, err := h.Hub()
		switch {
		case err != nil:
			return nil, nil, err
		case first == nil:
			first = hub
		case !first.Same(hub):
			return nil, nil, errApart
		}
		names = append(names, h.Key)
	}
	return first, names, first.SameSlot(names[0], names[1:]...)
}

// words returns the words of a command: its name, what comes before the keys or
// fields, and those.
func words(command string, all []string, before ...any) []any {
	args := append([]any{command}, before...)
	for _, one := range all {
		args = append(args, one)
	}
	return args
}
