package collections

import (
	"context"
	"iter"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/element"
	"github.com/desir-go/desir/internal/hub"
	"github.com/desir-go/desir/internal/send"
)

// Set is a set of values in a Redis set, shared by everyone who uses its name.
//
// Use NewSet. A Set is safe for any number of goroutines and holds no data
// itself. Members are compared by their bytes, so their type must have one
// form for each value (see codec.Keys).
type Set[T comparable] struct {
	desir.Object
	h       *hub.Handle
	members element.Of[T]
}

// NewSet names a set. It does not talk to Redis and cannot fail: a name, a type
// or an option that cannot work is the error of every call.
func NewSet[T comparable](rdb redis.UniversalClient, name string, opts ...Option) *Set[T] {
	s, err := gather(opts, false)
	members, keyErr := element.Keys[T](s.members)
	h := handle(rdb, "Set", name, err, keyErr).Apart(s.apart)
	return &Set[T]{Object: newObject(h), h: h, members: members}
}

// Add puts members in and returns how many were not there. One SADD,
// O(len(ms)), atomic, sent once; adding again after [desir.ErrMaybeRan] is safe.
func (s *Set[T]) Add(ctx context.Context, ms ...T) (added int, err error) {
	added, err = s.changeMany(ctx, "sadd", ms)
	return added, s.fail("Add", err)
}

// Remove takes members out and returns how many were there. One SREM,
// O(len(ms)), atomic, sent once.
func (s *Set[T]) Remove(ctx context.Context, ms ...T) (removed int, err error) {
	removed, err = s.changeMany(ctx, "srem", ms)
	return removed, s.fail("Remove", err)
}

func (s *Set[T]) changeMany(ctx context.Context, command string, ms []T) (int, error) {
	out, all, err := s.atAll(ms)
	if err != nil || len(ms) == 0 {
		return 0, err
	}
	cmd := redis.NewIntCmd(ctx, send.Args(command, s.h.Key, all)...)
	if err := out.Write(ctx, cmd); err != nil {
		return 0, err
	}
	return int(cmd.Val()), nil
}

// Has reports whether m is in the set. One SISMEMBER, or a share of one
// SMISMEMBER when other goroutines ask at the same time, O(1).
func (s *Set[T]) Has(ctx context.Context, m T) (bool, error) {
	out, err := s.h.Send()
	if err != nil {
		return false, s.fail("Has", err)
	}
	member, err := s.members.Encode(m)
	if err != nil {
		return false, s.fail("Has", err)
	}
	ok, err := out.SIsMember(ctx, s.h.Key, member)
	return ok, s.fail("Has", err)
}

// HasMany reports for each of ms whether it is in the set. One SMISMEMBER,
// O(len(ms)), atomic.
func (s *Set[T]) HasMany(ctx context.Context, ms ...T) ([]bool, error) {
	out, all, err := s.atAll(ms)
	if err != nil || len(ms) == 0 {
		return nil, s.fail("HasMany", err)
	}
	cmd := redis.NewBoolSliceCmd(ctx, send.Args("smismember", s.h.Key, all)...)
	if err := out.Read(ctx, cmd); err != nil {
		return nil, s.fail("HasMany", err)
	}
	return cmd.Val(), nil
}

// Len returns the number of members. One SCARD, O(1).
func (s *Set[T]) Len(ctx context.Context) (int, error) {
	out, err := s.h.Send()
	if err != nil {
		return 0, s.fail("Len", err)
	}
	cmd := redis.NewIntCmd(ctx, "scard", s.h.Key)
	if err := out.Read(ctx, cmd); err != nil {
		return 0, s.fail("Len", err)
	}
	return int(cmd.Val()), nil
}

// Pop takes a member out by chance and returns it; ok is false when the set is
// empty. One SPOP, O(1), sent once: after [desir.ErrMaybeRan] one member may be
// gone. A member that does not decode is gone as well; the error tells.
func (s *Set[T]) Pop(ctx context.Context) (m T, ok bool, err error) {
	out, err := s.h.Send()
	if err != nil {
		return m, false, s.fail("Pop", err)
	}
	cmd := redis.NewStringCmd(ctx, "spop", s.h.Key)
	if err := out.Write(ctx, cmd); err != nil {
		return m, false, s.fail("Pop", send.Miss(err))
	}
	m, err = s.members.Decode(cmd.Val(), s.h.Key, "")
	return m, err == nil, s.fail("Pop", err)
}

// PopN takes up to n members out by chance: the good ones, and joined errors
// for those that do not decode, which are gone as well. One SPOP, O(n), atomic,
// sent once: after [desir.ErrMaybeRan] n members may be gone.
func (s *Set[T]) PopN(ctx context.Context, n int) ([]T, error) {
	out, err := s.h.Send()
	if err != nil || n <= 0 {
		return nil, s.fail("PopN", err)
	}
	ms, err := s.list(ctx, out.Write, "spop", s.h.Key, n)
	return ms, s.fail("PopN", err)
}

// Random returns up to n different members by chance. One SRANDMEMBER, O(n).
func (s *Set[T]) Random(ctx context.Context, n int) ([]T, error) {
	out, err := s.h.Send()
	if err != nil || n <= 0 {
		return nil, s.fail("Random", err)
	}
	ms, err := s.list(ctx, out.Read, "srandmember", s.h.Key, n)
	return ms, s.fail("Random", err)
}

// All walks over the members. See the package comment for what a walk
// promises. A member that does not decode comes as a [*codec.DecodeError], and
// the loop may go on; any other error is the last.
//
// One SSCAN for each page of 64 to 1000 members, in a pipeline with INFO.
func (s *Set[T]) All(ctx context.Context) iter.Seq2[T, error] {
	return items(ctx, scan(ctx, s.h, "sscan"), 1,
		func(raw []string) (T, error) { return s.members.Decode(raw[0], s.h.Key, "") },
		func(err error) error { return s.fail("All", err) })
}

// Snapshot returns all members as they are at one moment: the good ones, and
// joined errors (at most 100) for those that do not decode. One SMEMBERS, O(n),
// unbounded; for what may be large, walk with [Set.All].
func (s *Set[T]) Snapshot(ctx context.Context) ([]T, error) {
	out, err := s.h.Send()
	if err != nil {
		return nil, s.fail("Snapshot", err)
	}
	ms, err := s.list(ctx, out.Read, "smembers", s.h.Key)
	return ms, s.fail("Snapshot", err)
}

// list runs a command that answers with members.
func (s *Set[T]) list(ctx context.Context, do func(context.Context, redis.Cmder) error, args ...any) ([]T, error) {
	cmd := redis.NewStringSliceCmd(ctx, args...)
	if err := do(ctx, cmd); err != nil {
		return nil, send.Miss(err)
	}
	return s.members.DecodeAll(cmd.Val(), s.h.Key)
}

func (s *Set[T]) atAll(ms []T) (*send.Sender, []string, error) {
	out, err := s.h.Send()
	if err != nil {
		return nil, nil, err
	}
	all, err := s.members.EncodeAll(ms)
	return out, all, err
}

func (s *Set[T]) fail(op string, err error) error { return s.h.Fail(op, err) }
