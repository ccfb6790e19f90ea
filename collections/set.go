package collections

import (
	"context"
	"iter"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/send"
	"github.com/desir-go/desir/internal/stored"
)

// Set is a set of values stored in a Redis set. All users of its name share it.
//
// Create a Set with [NewSet]. A Set is safe for concurrent use and does not hold the
// data itself. Redis compares members by their bytes, so the type must have exactly one
// encoding for each value (see [codec.Keys]).
type Set[T comparable] struct {
	desir.Object
	h       *clients.Handle
	members stored.Codec[T]
}

// NewSet returns the set called name. It sends nothing and cannot fail. If the name,
// the type or an option is invalid, every call returns the error.
func NewSet[T comparable](rdb redis.UniversalClient, name string, opts ...Option) *Set[T] {
	s, err := newSettings(opts, false)
	members, keyErr := stored.Keys[T](s.members)
	h := handle(rdb, "Set", name, err, keyErr).Unbatched(s.unbatched)
	return &Set[T]{Object: newObject(h), h: h, members: members}
}

// Add adds members and returns how many of them were new. It sends one SADD, once, and is
// O(len(ms)) and atomic. Adding again after [desir.ErrMaybeRan] is safe.
func (s *Set[T]) Add(ctx context.Context, ms ...T) (added int, err error) {
	added, err = s.changeMany(ctx, "sadd", ms)
	return added, s.h.Fail("Add", err)
}

// Remove removes members and returns how many of them existed. It sends one SREM, once,
// and is O(len(ms)) and atomic.
func (s *Set[T]) Remove(ctx context.Context, ms ...T) (removed int, err error) {
	removed, err = s.changeMany(ctx, "srem", ms)
	return removed, s.h.Fail("Remove", err)
}

func (s *Set[T]) changeMany(ctx context.Context, command string, ms []T) (int, error) {
	out, all, err := s.encodedMembers(ms)
	if err != nil || len(ms) == 0 {
		return 0, err
	}
	cmd := redis.NewIntCmd(ctx, send.Args(command, s.h.Key, all)...)
	n, err := send.Reply(cmd, out.Write(ctx, cmd))
	return int(n), err
}

// Has reports whether m is in the set. It sends one SISMEMBER, or shares one SMISMEMBER
// with concurrent calls, and is O(1).
func (s *Set[T]) Has(ctx context.Context, m T) (bool, error) {
	out, err := s.h.Sender()
	if err != nil {
		return false, s.h.Fail("Has", err)
	}
	member, err := s.members.Encode(m)
	if err != nil {
		return false, s.h.Fail("Has", err)
	}
	ok, err := out.SIsMember(ctx, s.h.Key, member)
	return ok, s.h.Fail("Has", err)
}

// HasMany reports for each of ms whether it is in the set. It sends one SMISMEMBER and is
// O(len(ms)) and atomic.
func (s *Set[T]) HasMany(ctx context.Context, ms ...T) ([]bool, error) {
	out, all, err := s.encodedMembers(ms)
	if err != nil || len(ms) == 0 {
		return nil, s.h.Fail("HasMany", err)
	}
	cmd := redis.NewBoolSliceCmd(ctx, send.Args("smismember", s.h.Key, all)...)
	found, err := send.Reply(cmd, out.Read(ctx, cmd))
	return found, s.h.Fail("HasMany", err)
}

// Len returns the number of members. It sends one SCARD and is O(1).
func (s *Set[T]) Len(ctx context.Context) (int, error) {
	n, err := clients.Read(ctx, s.h, redis.NewIntCmd, "scard")
	return int(n), s.h.Fail("Len", err)
}

// Pop removes and returns a random member. ok is false if the set is empty. Pop sends
// one SPOP, once, and is O(1). After [desir.ErrMaybeRan] one member may be lost. A
// member that does not decode is removed too, and Pop returns the error.
func (s *Set[T]) Pop(ctx context.Context) (m T, ok bool, err error) {
	raw, err := clients.Write(ctx, s.h, redis.NewStringCmd, "spop")
	m, ok, err = decodeReply(s.h, &s.members, raw, err)
	return m, ok, s.h.Fail("Pop", err)
}

// PopN removes and returns up to n random members. Members that do not decode are removed
// too; their errors are joined in the error. PopN sends one SPOP, once, and is O(n) and
// atomic. After [desir.ErrMaybeRan] n members may be lost.
func (s *Set[T]) PopN(ctx context.Context, n int) ([]T, error) {
	if _, err := s.h.Shared(); err != nil || n <= 0 {
		return nil, s.h.Fail("PopN", err)
	}
	raw, err := clients.Write(ctx, s.h, redis.NewStringSliceCmd, "spop", n)
	ms, err := decodeReplies(s.h, &s.members, raw, err)
	return ms, s.h.Fail("PopN", err)
}

// Random returns up to n different random members. It sends one SRANDMEMBER and is O(n).
func (s *Set[T]) Random(ctx context.Context, n int) ([]T, error) {
	if _, err := s.h.Shared(); err != nil || n <= 0 {
		return nil, s.h.Fail("Random", err)
	}
	raw, err := clients.Read(ctx, s.h, redis.NewStringSliceCmd, "srandmember", n)
	ms, err := decodeReplies(s.h, &s.members, raw, err)
	return ms, s.h.Fail("Random", err)
}

// All yields the members in no particular order, with the guarantees in the package
// comment. If a member does not decode, its error is a [*codec.DecodeError] and the
// loop may continue. Any other error is the last item.
//
// All sends one SSCAN for each page of 64 to 1000 members, in a pipeline with INFO. See
// [Map.All] for the reason.
func (s *Set[T]) All(ctx context.Context) iter.Seq2[T, error] {
	return items(ctx, s.h, "All", scan(ctx, s.h, "sscan"), 1,
		func(raw []string) (T, error) { return s.members.Decode(raw[0], s.h.Key, "") })
}

// Snapshot returns all members as they are at one moment. The errors of members that do
// not decode are joined in the error, at most 100; the other members are returned too.
// Snapshot sends one SMEMBERS, is O(n) and holds all members in memory. Use [Set.All]
// for sets that may be large.
func (s *Set[T]) Snapshot(ctx context.Context) ([]T, error) {
	raw, err := clients.Read(ctx, s.h, redis.NewStringSliceCmd, "smembers")
	ms, err := decodeReplies(s.h, &s.members, raw, err)
	return ms, s.h.Fail("Snapshot", err)
}

func (s *Set[T]) encodedMembers(ms []T) (*send.Sender, []string, error) {
	out, err := s.h.Sender()
	if err != nil {
		return nil, nil, err
	}
	all, err := s.members.EncodeAll(ms)
	return out, all, err
}
