package collections

import (
	"context"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/tx"
)

// SetTx is a [Set] in a transaction of [desir.Atomic]. Its reads are sent at once, and cost and
// fail as those of the Set do. Its writes are queued; see desir.Atomic for their errors.
type SetTx[T comparable] struct {
	s *Set[T]
	o tx.Object
}

// In returns the set in a transaction.
func (s *Set[T]) In(t *desir.Tx) SetTx[T] { return SetTx[T]{s, inTx(t, s.h)} }

// Has reports whether m is in the set. It sends one SISMEMBER.
func (x SetTx[T]) Has(ctx context.Context, m T) (bool, error) {
	members, err := x.encoded([]T{m})
	if err != nil {
		return false, x.o.Fail("Has", err)
	}
	n, _, err := x.o.Int(ctx, "sismember", members...)
	return n == 1, x.o.Fail("Has", err)
}

// HasMany reports for each of up to 1000 members whether it is in the set. It runs SMISMEMBER in a
// script that only reads.
func (x SetTx[T]) HasMany(ctx context.Context, ms ...T) ([]bool, error) {
	members, err := x.encoded(ms)
	if err != nil || len(ms) == 0 {
		return nil, x.o.Fail("HasMany", err)
	}
	reply, err := x.o.Many(ctx, tx.Listed, "SMISMEMBER", members...)
	if err == nil && len(reply) != len(ms) {
		err = errPage
	}
	if err != nil {
		return nil, x.o.Fail("HasMany", err)
	}
	found := make([]bool, len(ms))
	for i, v := range reply {
		found[i] = v == int64(1)
	}
	return found, nil
}

// Len returns the number of members. It sends one SCARD.
func (x SetTx[T]) Len(ctx context.Context) (int, error) {
	n, _, err := x.o.Int(ctx, "scard")
	return int(n), x.o.Fail("Len", err)
}

// Snapshot returns all members, of which there may be 1000, as [Set.Snapshot] does. It runs
// SMEMBERS in a script that only reads. A member that another writer adds is a difference.
func (x SetTx[T]) Snapshot(ctx context.Context) ([]T, error) {
	reply, err := x.o.Many(ctx, tx.Sorted, "SMEMBERS")
	if err != nil {
		return nil, x.o.Fail("Snapshot", err)
	}
	ms, err := x.s.members.DecodeAll(texts(reply), x.s.h.Key)
	return ms, x.o.Fail("Snapshot", err)
}

// Add adds members, by SADD.
func (x SetTx[T]) Add(ms ...T) {
	x.o.Queue("Add", func() (tx.Write, error) { return x.write("SADD", ms) })
}

// Remove removes members, by SREM.
func (x SetTx[T]) Remove(ms ...T) {
	x.o.Queue("Remove", func() (tx.Write, error) { return x.write("SREM", ms) })
}

func (x SetTx[T]) write(command string, ms []T) (tx.Write, error) {
	members, err := x.encoded(ms)
	switch {
	case err != nil || len(ms) == 0:
		return tx.Write{}, err
	case command == "SADD":
		return tx.Create("set", command, members...), nil
	default:
		return tx.Change("set", command, members...), nil
	}
}

func (x SetTx[T]) encoded(ms []T) ([]any, error) {
	if err := x.o.Err(); err != nil {
		return nil, err
	}
	members, err := x.s.members.EncodeAll(ms)
	return anys(members), err
}
