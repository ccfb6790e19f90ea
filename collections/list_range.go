package collections

import (
	"context"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/send"
)

// Slice returns the elements from position from up to, but without, position
// to, as a slice expression does. Positions outside the list count as its
// ends. Negative ones count from the back: as from, -1 is the last element; as
// to, -1 is the end of the list, so Slice(0, -1) is all of it and Slice(-3, -1)
// the last three. The good elements come in order, with joined errors for
// those that do not decode.
//
// One LRANGE, O(distance from the nearer end + elements).
func (l *List[T]) Slice(ctx context.Context, from, to int) ([]T, error) {
	s, err := l.h.Send()
	last, some := inclusive(from, to)
	if err != nil || !some {
		return nil, l.fail("Slice", err)
	}
	vs, err := l.list(ctx, s.Read, "lrange", l.h.Key, from, last)
	return vs, l.fail("Slice", err)
}

// Trim keeps the elements that [List.Slice] with the same positions returns,
// and deletes all others. One LTRIM, O(deleted), atomic, sent once.
func (l *List[T]) Trim(ctx context.Context, from, to int) error {
	s, err := l.h.Send()
	if err != nil {
		return l.fail("Trim", err)
	}
	last, some := inclusive(from, to)
	if !some {
		from, last = 1, 0 // Redis' way to say nothing
	}
	return l.fail("Trim", s.Write(ctx, redis.NewStatusCmd(ctx, "ltrim", l.h.Key, from, last)))
}

// inclusive turns the end of a slice into Redis' last index; some is false
// when nothing can lie between the two.
func inclusive(from, to int) (last int, some bool) {
	if to < 0 {
		return to, true
	}
	return to - 1, to > 0 && (from < 0 || from < to)
}

// Index returns the first position of v and whether it is in the list.
// Elements are compared by their bytes, so a codec whose equal values differ
// in bytes is [codec.ErrUnsupported]. One LPOS, O(n).
func (l *List[T]) Index(ctx context.Context, v T) (i int, ok bool, err error) {
	value, err := l.expect(v)
	if err != nil {
		return 0, false, l.fail("Index", err)
	}
	s, err := l.h.Send()
	if err != nil {
		return 0, false, l.fail("Index", err)
	}
	cmd := redis.NewIntCmd(ctx, "lpos", l.h.Key, value)
	if err := s.Read(ctx, cmd); err != nil {
		return 0, false, l.fail("Index", send.Miss(err))
	}
	return int(cmd.Val()), true, nil
}

// Remove deletes elements equal to v and returns how many: the first count of
// them, the last -count for a negative count, all for 0. It compares as
// [List.Index]. One LREM, O(n), atomic, sent once.
func (l *List[T]) Remove(ctx context.Context, v T, count int) (removed int, err error) {
	value, err := l.expect(v)
	if err != nil {
		return 0, l.fail("Remove", err)
	}
	n, err := l.change(ctx, "lrem", l.h.Key, count, value)
	return n, l.fail("Remove", err)
}

// InsertBefore puts v in front of the first element equal to pivot; ok is
// false when there is none. It compares as [List.Index]. A ring may be longer
// by one until the next push. One LINSERT, O(n), atomic, sent once.
func (l *List[T]) InsertBefore(ctx context.Context, pivot, v T) (ok bool, err error) {
	at, err := l.expect(pivot)
	if err != nil {
		return false, l.fail("InsertBefore", err)
	}
	value, err := l.elems.Encode(v)
	if err != nil {
		return false, l.fail("InsertBefore", err)
	}
	n, err := l.change(ctx, "linsert", l.h.Key, "before", at, value)
	return n > 0, l.fail("InsertBefore", err)
}

// change sends a write that answers with a number.
func (l *List[T]) change(ctx context.Context, args ...any) (int, error) {
	s, err := l.h.Send()
	if err != nil {
		return 0, err
	}
	cmd := redis.NewIntCmd(ctx, args...)
	if err := s.Write(ctx, cmd); err != nil {
		return 0, err
	}
	return int(cmd.Val()), nil
}

// expect encodes a value that Redis compares with what it holds.
func (l *List[T]) expect(v T) (string, error) {
	if _, err := l.h.Hub(); err != nil {
		return "", err
	}
	if l.exact != nil {
		return "", l.exact
	}
	return l.elems.Encode(v)
}

// Move takes the element at one end of l and puts it at one end of to, which
// may be l itself; ok is false when l is empty. One LMOVE, O(1), atomic, sent
// once: after [desir.ErrMaybeRan] look for the element in to. On a cluster both
// names need one hash tag, else the error is [desir.ErrCrossSlot] and nothing
// is sent. A ring may be longer by one until the next push. The bytes move as
// they are: a codec that binds values to their list (codec.Encrypt, codec.Sign)
// does not read them in another one.
func (l *List[T]) Move(ctx context.Context, from End, to *List[T], at End) (v T, ok bool, err error) {
	if to == nil {
		return v, false, l.fail("Move", errNilObject)
	}
	hub, names, err := reach(l.h, to.h)
	if err != nil {
		return v, false, l.fail("Move", err)
	}
	cmd := redis.NewStringCmd(ctx, "lmove", names[0], names[1], from.word(), at.word())
	if err := hub.Send.Write(ctx, cmd); err != nil {
		return v, false, l.fail("Move", send.Miss(err))
	}
	v, err = l.elems.Decode(cmd.Val(), l.h.Key, "")
	return v, err == nil, l.fail("Move", err)
}
