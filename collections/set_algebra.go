package collections

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/send"
)

// Move moves m from s to to, and reports whether m was in s. It sends one SMOVE, once,
// and is O(1) and atomic. On a cluster both names need the same hash tag; otherwise
// Move sends nothing and returns [desir.ErrCrossSlot].
func (s *Set[T]) Move(ctx context.Context, to *Set[T], m T) (moved bool, err error) {
	if _, _, err := sharedByAll(s, to); err != nil {
		return false, s.h.Fail("Move", err)
	}
	member, err := s.members.Encode(m)
	if err != nil {
		return false, s.h.Fail("Move", err)
	}
	n, err := clients.Write(ctx, s.h, redis.NewIntCmd, "smove", to.h.Key, member)
	return n == 1, s.h.Fail("Move", err)
}

// Union returns the members of s and of all others, without duplicates. It sends one
// SUNION and is O(all members) and atomic. A cluster requires one hash tag, as for
// [Set.Move].
func (s *Set[T]) Union(ctx context.Context, others ...*Set[T]) ([]T, error) {
	return s.combine(ctx, "Union", "sunion", others)
}

// Intersect returns the members of s that are also in all others. It sends one SINTER
// and is O(smallest set × sets) and atomic. A cluster requires one hash tag, as for
// [Set.Move].
func (s *Set[T]) Intersect(ctx context.Context, others ...*Set[T]) ([]T, error) {
	return s.combine(ctx, "Intersect", "sinter", others)
}

// Diff returns the members of s that are in none of the others. It sends one SDIFF and is
// O(all members) and atomic. A cluster requires one hash tag, as for [Set.Move].
func (s *Set[T]) Diff(ctx context.Context, others ...*Set[T]) ([]T, error) {
	return s.combine(ctx, "Diff", "sdiff", others)
}

func (s *Set[T]) combine(ctx context.Context, op, command string, others []*Set[T]) ([]T, error) {
	shared, keys, err := sharedByAll(s, others...)
	if err != nil {
		return nil, s.h.Fail(op, err)
	}
	cmd := redis.NewStringSliceCmd(ctx, commandArgs(command, keys)...)
	raw, err := send.Reply(cmd, shared.Sender.Read(ctx, cmd))
	ms, err := decodeReplies(s.h, &s.members, raw, err)
	return ms, s.h.Fail(op, err)
}

// IntersectLen returns how many members of s are also in all others. It stops counting
// at limit, unless limit is 0. It sends one SINTERCARD and is O(smallest set × sets)
// and atomic. A cluster requires one hash tag, as for [Set.Move].
func (s *Set[T]) IntersectLen(ctx context.Context, limit int, others ...*Set[T]) (int, error) {
	shared, keys, err := sharedByAll(s, others...)
	if err != nil {
		return 0, s.h.Fail("IntersectLen", err)
	}
	args := commandArgs("sintercard", keys, len(keys))
	cmd := redis.NewIntCmd(ctx, append(args, "limit", max(limit, 0))...)
	cmd.SetFirstKeyPos(2)
	n, err := send.Reply(cmd, shared.Sender.Read(ctx, cmd))
	return int(n), s.h.Fail("IntersectLen", err)
}

// StoreUnion replaces the content of s by the union of the other sets and returns its
// length. At least one other set is required. StoreUnion sends one SUNIONSTORE, once,
// and is O(all members) and atomic. A cluster requires one hash tag, as for [Set.Move].
func (s *Set[T]) StoreUnion(ctx context.Context, from ...*Set[T]) (n int, err error) {
	return s.store(ctx, "StoreUnion", "sunionstore", from)
}

// StoreIntersect replaces the content of s by the intersection of the other sets. It
// sends SINTERSTORE. Otherwise it is as [Set.StoreUnion].
func (s *Set[T]) StoreIntersect(ctx context.Context, from ...*Set[T]) (n int, err error) {
	return s.store(ctx, "StoreIntersect", "sinterstore", from)
}

// StoreDiff replaces the content of s by the members of the first other set that are in
// none of the rest. It sends SDIFFSTORE. Otherwise it is as [Set.StoreUnion].
func (s *Set[T]) StoreDiff(ctx context.Context, from ...*Set[T]) (n int, err error) {
	return s.store(ctx, "StoreDiff", "sdiffstore", from)
}

var errNoSets = errors.New("no sets to store from")

func (s *Set[T]) store(ctx context.Context, op, command string, from []*Set[T]) (int, error) {
	if len(from) == 0 {
		return 0, s.h.Fail(op, errNoSets)
	}
	shared, keys, err := sharedByAll(s, from...)
	if err != nil {
		return 0, s.h.Fail(op, err)
	}
	cmd := redis.NewIntCmd(ctx, commandArgs(command, keys)...)
	n, err := send.Reply(cmd, shared.Sender.Write(ctx, cmd))
	return int(n), s.h.Fail(op, err)
}

// sharedByAll returns the state and the keys of sets for one command.
func sharedByAll[T comparable](s *Set[T], others ...*Set[T]) (*clients.Shared, []string, error) {
	handles := make([]*clients.Handle, 0, 1+len(others))
	handles = append(handles, s.h)
	for _, o := range others {
		if o == nil {
			return nil, nil, errNilObject
		}
		handles = append(handles, o.h)
	}
	return sharedAndKeys(handles...)
}

var (
	errNilObject   = errors.New("the other object is nil")
	errOtherClient = fmt.Errorf("%w: the other object belongs to another client", desir.ErrNotSupported)
)

// sharedAndKeys returns the state and the keys of objects for one command. All objects
// must have the same client and, on a cluster, the same slot.
func sharedAndKeys(handles ...*clients.Handle) (*clients.Shared, []string, error) {
	var first *clients.Shared
	keys := make([]string, 0, len(handles))
	for _, h := range handles {
		shared, err := h.Shared()
		switch {
		case err != nil:
			return nil, nil, err
		case first == nil:
			first = shared
		case !first.Same(shared):
			return nil, nil, errOtherClient
		}
		keys = append(keys, h.Key)
	}
	return first, keys, first.SameSlot(keys[0], keys[1:]...)
}

// commandArgs returns the arguments of a command: its name, then before, then all.
func commandArgs(command string, all []string, before ...any) []any {
	args := append([]any{command}, before...)
	for _, one := range all {
		args = append(args, one)
	}
	return args
}
