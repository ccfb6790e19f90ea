package collections

import (
	"context"
	"errors"
	"math"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/send"
	"github.com/desir-go/desir/internal/stored"
)

// SortedSet is a set of values in the order of their scores, stored in a Redis sorted
// set. All users of its name share it. Members with the same score are in the order of
// their bytes.
//
// Create a SortedSet with [NewSortedSet]. A SortedSet is safe for concurrent use and
// does not hold the data itself. Redis compares members by their bytes, so the type
// must have exactly one encoding for each value (see [codec.Keys]).
//
// A score is any float64 except NaN. Calls refuse NaN before sending anything. Infinite
// scores are at the ends.
type SortedSet[T comparable] struct {
	desir.Object
	h       *clients.Handle
	members stored.Codec[T]
}

// Scored is a member of a [SortedSet] with its score.
type Scored[T any] struct {
	Value T
	Score float64
}

// NewSortedSet returns the sorted set called name. It sends nothing and cannot fail. If
// the name, the type or an option is invalid, every call returns the error.
func NewSortedSet[T comparable](rdb redis.UniversalClient, name string, opts ...Option) *SortedSet[T] {
	s, err := newSettings(opts, false)
	members, keyErr := stored.Keys[T](s.members)
	h := handle(rdb, "SortedSet", name, err, keyErr).Unbatched(s.unbatched)
	return &SortedSet[T]{Object: newObject(h), h: h, members: members}
}

// Add sets the score of m and reports whether m is new. An existing member moves to the
// new score. Add sends one ZADD, once, and is O(log n). Adding again after
// [desir.ErrMaybeRan] is safe unless another caller set the score of m in between.
func (z *SortedSet[T]) Add(ctx context.Context, m T, score float64) (added bool, err error) {
	n, err := z.add(ctx, []Scored[T]{{m, score}})
	return n > 0, z.h.Fail("Add", err)
}

// AddMany sets the scores of all of ms and returns how many of them are new. If a
// member occurs twice, its last score counts. AddMany sends one ZADD, once, and is
// O(len(ms)·log n) and atomic.
func (z *SortedSet[T]) AddMany(ctx context.Context, ms ...Scored[T]) (added int, err error) {
	added, err = z.add(ctx, ms)
	return added, z.h.Fail("AddMany", err)
}

// AddMax raises the score of m to score, or adds m if it does not exist, and reports
// whether it changed anything. It does not change a member that has this score or a
// higher one. AddMax sends one ZADD with GT, once, and is O(log n). Calling it again is
// safe.
func (z *SortedSet[T]) AddMax(ctx context.Context, m T, score float64) (changed bool, err error) {
	n, err := z.add(ctx, []Scored[T]{{m, score}}, "gt", "ch")
	return n > 0, z.h.Fail("AddMax", err)
}

// AddMin lowers the score of m to score, or adds m if it does not exist. It sends one
// ZADD with LT. Otherwise it is as [SortedSet.AddMax].
func (z *SortedSet[T]) AddMin(ctx context.Context, m T, score float64) (changed bool, err error) {
	n, err := z.add(ctx, []Scored[T]{{m, score}}, "lt", "ch")
	return n > 0, z.h.Fail("AddMin", err)
}

func (z *SortedSet[T]) add(ctx context.Context, ms []Scored[T], flags ...any) (int, error) {
	s, err := z.h.Sender()
	if err != nil || len(ms) == 0 {
		return 0, err
	}
	args := append(make([]any, 0, 2+len(flags)+2*len(ms)), "zadd", z.h.Key)
	args = append(args, flags...)
	for _, m := range ms {
		member, score, err := z.pair(m.Value, m.Score)
		if err != nil {
			return 0, err
		}
		args = append(args, score, member)
	}
	cmd := redis.NewIntCmd(ctx, args...)
	n, err := send.Reply(cmd, s.Write(ctx, cmd))
	return int(n), err
}

// AddScore adds delta to the score of m and returns the new score. A missing member
// counts as 0. If the score and delta are opposite infinities, the server refuses the
// sum, and nothing changes. AddScore sends one ZINCRBY, once, and is O(log n). After
// [desir.ErrMaybeRan], check the score before adding again.
func (z *SortedSet[T]) AddScore(ctx context.Context, m T, delta float64) (float64, error) {
	member, by, err := z.pair(m, delta)
	if err != nil {
		return 0, z.h.Fail("AddScore", err)
	}
	sum, err := clients.Write(ctx, z.h, redis.NewFloatCmd, "zincrby", by, member)
	return sum, z.h.Fail("AddScore", err)
}

// Score returns the score of m, and whether m exists. It sends one ZSCORE and is O(1).
func (z *SortedSet[T]) Score(ctx context.Context, m T) (s float64, ok bool, err error) {
	member, err := z.encode(m)
	if err == nil {
		s, err = clients.Read(ctx, z.h, redis.NewFloatCmd, "zscore", member)
	}
	return s, err == nil, z.h.Fail("Score", send.IgnoreNil(err))
}

// Rank returns how many members are before m, and whether m exists. The member with the
// lowest score has rank 0. Rank sends one ZRANK and is O(log n).
func (z *SortedSet[T]) Rank(ctx context.Context, m T) (i int, ok bool, err error) {
	var rank int64
	member, err := z.encode(m)
	if err == nil {
		rank, err = clients.Read(ctx, z.h, redis.NewIntCmd, "zrank", member)
	}
	return int(rank), err == nil, z.h.Fail("Rank", send.IgnoreNil(err))
}

// Len returns the number of members. It sends one ZCARD and is O(1).
func (z *SortedSet[T]) Len(ctx context.Context) (int, error) {
	n, err := clients.Read(ctx, z.h, redis.NewIntCmd, "zcard")
	return int(n), z.h.Fail("Len", err)
}

var errNaN = errors.New("the score is not a number")

func (z *SortedSet[T]) pair(m T, score float64) (member, text string, err error) {
	member, err = z.encode(m)
	if err == nil && math.IsNaN(score) {
		err = errNaN
	}
	return member, scoreText(score), err
}

// encode encodes a member, unless the set cannot work.
func (z *SortedSet[T]) encode(m T) (string, error) {
	if _, err := z.h.Shared(); err != nil {
		return "", err
	}
	return z.members.Encode(m)
}

// scoreText formats a score so that the server parses exactly the same number.
func scoreText(score float64) string {
	switch {
	case math.IsInf(score, 1):
		return "infinity" // the embedded server treats "(+inf" and "(-inf" as included bounds
	case math.IsInf(score, -1):
		return "-infinity"
	default:
		return strconv.FormatFloat(score, 'g', -1, 64)
	}
}
