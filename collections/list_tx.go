package collections

import (
	"context"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/tx"
)

// ListTx is a [List] in a transaction of [desir.Atomic]. Its reads are sent at once, and cost and
// fail as those of the List do. Its writes are queued; see desir.Atomic for their errors. To
// remove the first element, read it with At(ctx, 0), and queue Trim(1, -1).
type ListTx[T any] struct {
	l *List[T]
	o tx.Object
}

// In returns the list in a transaction.
func (l *List[T]) In(t *desir.Tx) ListTx[T] { return ListTx[T]{l, inTx(t, l.h)} }

// At returns the element at position i, counted as in [List.At]. It sends one LINDEX.
func (x ListTx[T]) At(ctx context.Context, i int) (v T, ok bool, err error) {
	raw, ok, err := x.o.Text(ctx, "lindex", i)
	if err != nil || !ok {
		return v, false, x.o.Fail("At", err)
	}
	v, err = x.l.elems.Decode(raw, x.l.h.Key, "")
	return v, err == nil, x.o.Fail("At", err)
}

// Slice returns the elements from position from up to, but not including, position to, as
// [List.Slice] does. There may be 1000. It runs LRANGE in a script that only reads.
func (x ListTx[T]) Slice(ctx context.Context, from, to int) ([]T, error) {
	last, some := inclusive(from, to)
	if err := x.o.Err(); err != nil || !some {
		return nil, x.o.Fail("Slice", err)
	}
	reply, err := x.o.Many(ctx, tx.Listed, "LRANGE", from, last)
	if err != nil {
		return nil, x.o.Fail("Slice", err)
	}
	vs, err := x.l.elems.DecodeAll(texts(reply), x.l.h.Key)
	return vs, x.o.Fail("Slice", err)
}

// Len returns the number of elements. It sends one LLEN.
func (x ListTx[T]) Len(ctx context.Context) (int, error) {
	n, _, err := x.o.Int(ctx, "llen")
	return int(n), x.o.Fail("Len", err)
}

// PushBack appends the values in order, by RPUSH. With [MaxLen] it also trims the front.
func (x ListTx[T]) PushBack(vs ...T) {
	x.o.Queue("PushBack", func() (tx.Write, error) { return x.push("RPUSH", vs) })
}

// PushFront inserts the values at the front, one after the other, by LPUSH. With [MaxLen] it
// also trims the back.
func (x ListTx[T]) PushFront(vs ...T) {
	x.o.Queue("PushFront", func() (tx.Write, error) { return x.push("LPUSH", vs) })
}

func (x ListTx[T]) push(command string, vs []T) (tx.Write, error) {
	all, err := x.l.elems.EncodeAll(vs)
	switch {
	case err != nil || len(vs) == 0:
		return tx.Write{}, err
	case x.l.ring > 0:
		return tx.Ring(command, x.l.ring, all), nil
	default:
		return tx.Create("list", command, all...), nil
	}
}

// Remove deletes elements equal to v, as [List.Remove] does, by LREM.
func (x ListTx[T]) Remove(v T, count int) {
	x.o.Queue("Remove", func() (tx.Write, error) {
		value, err := x.l.encodeExact(v)
		return tx.Change[any]("list", "LREM", count, value), err
	})
}

// Trim keeps the elements that [List.Slice] with the same positions returns, by LTRIM.
func (x ListTx[T]) Trim(from, to int) {
	x.o.Queue("Trim", func() (tx.Write, error) {
		last, some := inclusive(from, to)
		if !some {
			return tx.Change("list", "LTRIM", 1, 0), nil // an empty range in Redis
		}
		return tx.Change("list", "LTRIM", from, last), nil
	})
}
