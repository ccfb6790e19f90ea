package collections

import (
	"context"
	"errors"
	"math"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/element"
	"github.com/desir-go/desir/internal/hub"
	"github.com/desir-go/desir/internal/send"
)

// SortedSet is a set of values in the order of their scores in a Redis sorted
// set, shared by everyone who uses its name. Members of one score stand in the
// order of their bytes.
//
// Use NewSortedSet. A SortedSet is safe for any number of goroutines and holds
// no data itself. Members are compared by their bytes, so their type must have
// one form for each value (see codec.Keys). A score is any float64 but NaN,
// which is refused before anything is sent; infinite ones stand at the ends.
type SortedSet[T comparable] struct {
	desir.Object
	h       *hub.Handle
	members element.Of[T]
}

// Scored is a member of a [SortedSet] with its score.
type Scored[T any] struct {
	Value T
	Score float64
}

// NewSortedSet names a sorted set. It does not talk to Redis and cannot fail: a
// name, a type or an option that cannot work is the error of every call.
func NewSortedSet[T comparable](rdb redis.UniversalClient, name string, opts ...Option) *SortedSet[T] {
	s, err := gather(opts, false)
	members, keyErr := element.Keys[T](s.members)
	h := handle(rdb, "SortedSet", name, err, keyErr).Apart(s.apart)
	return &SortedSet[T]{Object: newObject(h), h: h, members: members}
}

// Add gives m a score and reports whether m is new; a member that is there
// moves to its new score. One ZADD, O(log n), sent once; adding again after
// [desir.ErrMaybeRan] is safe, unless somebody else scored m in between.
func (z *SortedSet[T]) Add(ctx context.Context, m T, score float64) (added bool, err error) {
	n, err := z.add(ctx, []Scored[T]{{m, score}})
	return n > 0, z.fail("Add", err)
}

// AddMany gives all of ms their scores and returns how many are new. Of a
// member that comes twice the last score counts. One ZADD, O(len(ms)·log n),
// atomic, sent once.
func (z *SortedSet[T]) AddMany(ctx context.Context, ms ...Scored[T]) (added int, err error) {
	added, err = z.add(ctx, ms)
	return added, z.fail("AddMany", err)
}

// AddMax raises the score of m to score, or adds m if it is not there, and
// reports whether that changed anything: a member with this score or a higher
// one stays. One ZADD with GT, O(log n), sent once; it may be repeated.
func (z *SortedSet[T]) AddMax(ctx context.Context, m T, score float64) (changed bool, err error) {
	n, err := z.add(ctx, []Scored[T]{{m, score}}, "gt", "ch")
	return n > 0, z.fail("AddMax", err)
}

// AddMin lowers the score of m to score, or adds m if it is not there,
// otherwise as [SortedSet.AddMax]. ZADD with LT.
func (z *SortedSet[T]) AddMin(ctx context.Context, m T, score float64) (changed bool, err error) {
	n, err := z.add(ctx, []Scored[T]{{m, score}}, "lt", "ch")
	return n > 0, z.fail("AddMin", err)
}

func (z *SortedSet[T]) add(ctx context.Context, ms []Scored[T], flags ...any) (int, error) {
	s, err := z.h.Send()
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
	if err := s.Write(ctx, cmd); err != nil {
		return 0, err
	}
	return int(cmd.Val()), nil
}

// AddScore adds delta to the score of m, a missing member counting as 0, and
// returns the new score. The sum of two opposite infinities is refused by the
// server and changes nothing. One ZINCRBY, O(log n), sent once; after
// [desir.ErrMaybeRan] look before adding again.
func (z *SortedSet[T]) AddScore(ctx context.Context, m T, delta float64) (float64, error) {
	s, err := z.h.Send()
	if err != nil {
		return 0, z.fail("AddScore", err)
	}
	member, by, err := z.pair(m, delta)
	if err != nil {
		return 0, z.fail("AddScore", err)
	}
	cmd := redis.NewFloatCmd(ctx, "zincrby", z.h.Key, by, member)
	if err := s.Write(ctx, cmd); err != nil {
		return 0, z.fail("AddScore", err)
	}
	return cmd.Val(), nil
}

// Score returns the score of m, and whether m is there. One ZSCORE, O(1).
func (z *SortedSet[T]) Score(ctx context.Context, m T) (s float64, ok bool, err error) {
	var cmd *redis.FloatCmd
	ok, err = z.ask(ctx, m, func(member string) redis.Cmder {
		cmd = redis.NewFloatCmd(ctx, "zscore", z.h.Key, member)
		return cmd
	})
	if !ok {
		return 0, false, z.fail("Score", err)
	}
	return cmd.Val(), true, nil
}

// Rank returns how many members stand before m, and whether m is there: the
// one of the lowest score has rank 0. One ZRANK, O(log n).
func (z *SortedSet[T]) Rank(ctx context.Context, m T) (i int, ok bool, err error) {
	var cmd *redis.IntCmd
	ok, err = z.ask(ctx, m, func(member string) redis.Cmder {
		cmd = redis.NewIntCmd(ctx, "zrank", z.h.Key, member)
		return cmd
	})
	if !ok {
		return 0, false, z.fail("Rank", err)
	}
	return int(cmd.Val()), true, nil
}

// ask sends a question about one member; ok is false when it is not there.
func (z *SortedSet[T]) ask(ctx context.Context, m T, question func(member string) redis.Cmder) (ok bool, err error) {
	s, err := z.h.Send()
	if err != nil {
		return false, err
	}
	member, err := z.members.Encode(m)
	if err != nil {
		return false, err
	}
	err = s.Read(ctx, question(member))
	return err == nil, send.Miss(err)
}

// Len returns the number of members. One ZCARD, O(1).
func (z *SortedSet[T]) Len(ctx context.Context) (int, error) {
	s, err := z.h.Send()
	if err != nil {
		return 0, z.fail("Len", err)
	}
	cmd := redis.NewIntCmd(ctx, "zcard", z.h.Key)
	if err := s.Read(ctx, cmd); err != nil {
		return 0, z.fail("Len", err)
	}
	return int(cmd.Val()), nil
}

var errNaN = errors.New("the score is not a number")

func (z *SortedSet[T]) pair(m T, score float64) (member, text string, err error) {
	if math.IsNaN(score) {
		return "", "", errNaN
	}
	member, err = z.members.Encode(m)
	return member, scoreText(score), err
}

// scoreText writes a score so that the server reads the very same number.
func scoreText(score float64) string {
	switch {
	case math.IsInf(score, 1):
		return "infinity" // an embedded server takes "(+inf" and "(-inf" for ends that count
	case math.IsInf(score, -1):
		return "-infinity"
	default:
		return strconv.FormatFloat(score, 'g', -1, 64)
	}
}

func (z *SortedSet[T]) fail(op string, err error) error { return z.h.Fail(op, err) }
