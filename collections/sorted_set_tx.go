package collections

import (
	"context"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/stored"
	"github.com/desir-go/desir/internal/tx"
)

// SortedSetTx is a [SortedSet] in a transaction of [desir.Atomic]. Its reads are sent at once, and
// cost and fail as those of the SortedSet do. Its writes are queued; see desir.Atomic for their
// errors.
type SortedSetTx[T comparable] struct {
	z *SortedSet[T]
	o tx.Object
}

// In returns the sorted set in a transaction.
func (z *SortedSet[T]) In(t *desir.Tx) SortedSetTx[T] { return SortedSetTx[T]{z, inTx(t, z.h)} }

// Score returns the score of m, and whether m exists. It sends one ZSCORE.
func (x SortedSetTx[T]) Score(ctx context.Context, m T) (s float64, ok bool, err error) {
	member, err := x.encode(m)
	if err == nil {
		s, ok, err = x.o.Number(ctx, "zscore", member)
	}
	return s, ok, x.o.Fail("Score", err)
}

// Rank returns how many members are before m, and whether m exists. It sends one ZRANK.
func (x SortedSetTx[T]) Rank(ctx context.Context, m T) (i int, ok bool, err error) {
	var rank int64
	member, err := x.encode(m)
	if err == nil {
		rank, ok, err = x.o.Int(ctx, "zrank", member)
	}
	return int(rank), ok, x.o.Fail("Rank", err)
}

// Len returns the number of members. It sends one ZCARD.
func (x SortedSetTx[T]) Len(ctx context.Context) (int, error) {
	n, _, err := x.o.Int(ctx, "zcard")
	return int(n), x.o.Fail("Len", err)
}

// Range returns the members that r selects, in its direction. There may be 1000; see
// [Range.Limit]. The errors of members that do not decode are joined in the error, at most
// 100; the other members are returned too. Range runs one script that only reads.
func (x SortedSetTx[T]) Range(ctx context.Context, r Range) ([]Scored[T], error) {
	err := x.o.Err()
	if err == nil {
		err = r.err
	}
	if err != nil || r.none() {
		return nil, x.o.Fail("Range", err)
	}
	reply, err := x.o.Many(ctx, tx.Listed, "SPAN", r.scriptArgs(r.limit)...)
	if err != nil {
		return nil, x.o.Fail("Range", err)
	}
	page, _, err := readPage(append([]any{int64(0)}, reply...))
	if err != nil {
		return nil, x.o.Fail("Range", err)
	}
	members := make([]Scored[T], 0, len(page))
	var bad stored.Errors
	for _, p := range page {
		v, err := x.z.members.Decode(p.Value, x.z.h.Key, "")
		if !bad.Add(err) {
			members = append(members, Scored[T]{v, p.Score})
		}
	}
	return members, x.o.Fail("Range", bad.Join())
}

// Add sets the score of m, by ZADD.
func (x SortedSetTx[T]) Add(m T, score float64) {
	x.o.Queue("Add", func() (tx.Write, error) {
		member, text, err := x.z.pair(m, score)
		return tx.Create("zset", "ZADD", text, member), err
	})
}

// Remove removes members, by ZREM.
func (x SortedSetTx[T]) Remove(ms ...T) {
	x.o.Queue("Remove", func() (tx.Write, error) {
		members, err := x.z.members.EncodeAll(ms)
		if len(members) == 0 {
			return tx.Write{}, err
		}
		return tx.Change("zset", "ZREM", members...), err
	})
}

func (x SortedSetTx[T]) encode(m T) (string, error) {
	if err := x.o.Err(); err != nil {
		return "", err
	}
	return x.z.members.Encode(m)
}
