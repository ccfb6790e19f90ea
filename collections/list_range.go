package collections

import (
	"context"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/send"
)

// Slice returns the elements from position from up to, but not including, position to,
// as a slice expression does. A position outside the list counts as the nearer end of
// the list.
//
// Negative positions count from the back. For from, -1 is the last element. For to, -1
// is the end of the list. So Slice(0, -1) is the whole list and Slice(-3, -1) is the
// last three elements.
//
// The elements are returned in order. The errors of elements that do not decode are
// joined in the error. Slice sends one LRANGE and is O(distance from the nearer end +
// elements).
func (l *List[T]) Slice(ctx context.Context, from, to int) ([]T, error) {
	s, err := l.h.Sender()
	last, some := inclusive(from, to)
	if err != nil || !some {
		return nil, l.fail("Slice", err)
	}
	vs, err := l.list(ctx, s.Read, "lrange", l.h.Key, from, last)
	return vs, l.fail("Slice", err)
}

// Trim keeps the elements that [List.Slice] with the same positions returns, and
// deletes all others. It sends one LTRIM, once, and is O(deleted elements) and atomic.
func (l *List[T]) Trim(ctx context.Context, from, to int) error {
	s, err := l.h.Sender()
	if err != nil {
		return l.fail("Trim", err)
	}
	last, some := inclusive(from, to)
	if !some {
		from, last = 1, 0 // an empty range in Redis
	}
	return l.fail("Trim", s.Write(ctx, redis.NewStatusCmd(ctx, "ltrim", l.h.Key, from, last)))
}

// inclusive converts the end of a slice to Redis's last index. some is false if the
// range is always empty.
func inclusive(from, to int) (last int, some bool) {
	if to < 0 {
		return to, true
	}
	return to - 1, to > 0 && (from < 0 || from < to)
}

// Index returns the first position of v and whether v is in the list. It compares
// elements by their bytes. If the codec can encode equal values differently, the error
// is [codec.ErrUnsupported]. Index sends one LPOS and is O(n).
func (l *List[T]) Index(ctx context.Context, v T) (i int, ok bool, err error) {
	value, err := l.encodeExact(v)
	if err != nil {
		return 0, false, l.fail("Index", err)
	}
	s, err := l.h.Sender()
	if err != nil {
		return 0, false, l.fail("Index", err)
	}
	cmd := redis.NewIntCmd(ctx, "lpos", l.h.Key, value)
	if err := s.Read(ctx, cmd); err != nil {
		return 0, false, l.fail("Index", send.IgnoreNil(err))
	}
	return int(cmd.Val()), true, nil
}

// Remove deletes elements equal to v and returns how many it deleted: the first count
// elements, the last -count elements if count is negative, or all if count is 0. It
// compares as [List.Index] does. Remove sends one LREM, once, and is O(n) and atomic.
func (l *List[T]) Remove(ctx context.Context, v T, count int) (removed int, err error) {
	value, err := l.encodeExact(v)
	if err != nil {
		return 0, l.fail("Remove", err)
	}
	n, err := l.writeCount(ctx, "lrem", l.h.Key, count, value)
	return n, l.fail("Remove", err)
}

// InsertBefore inserts v before the first element equal to pivot. ok is false if there
// is no such element. It compares as [List.Index] does. A list with [MaxLen] may be one
// element too long until the next push. InsertBefore sends one LINSERT, once, and is
// O(n) and atomic.
func (l *List[T]) InsertBefore(ctx context.Context, pivot, v T) (ok bool, err error) {
	at, err := l.encodeExact(pivot)
	if err != nil {
		return false, l.fail("InsertBefore", err)
	}
	value, err := l.elems.Encode(v)
	if err != nil {
		return false, l.fail("InsertBefore", err)
	}
	n, err := l.writeCount(ctx, "linsert", l.h.Key, "before", at, value)
	return n > 0, l.fail("InsertBefore", err)
}

// writeCount sends a write that returns a number.
func (l *List[T]) writeCount(ctx context.Context, args ...any) (int, error) {
	s, err := l.h.Sender()
	if err != nil {
		return 0, err
	}
	cmd := redis.NewIntCmd(ctx, args...)
	if err := s.Write(ctx, cmd); err != nil {
		return 0, err
	}
	return int(cmd.Val()), nil
}

// encodeExact encodes a value that Redis compares with stored bytes.
func (l *List[T]) encodeExact(v T) (string, error) {
	if _, err := l.h.Shared(); err != nil {
		return "", err
	}
	if l.exact != nil {
		return "", l.exact
	}
	return l.elems.Encode(v)
}

// Move removes the element at one end of l, adds it at one end of to, and returns it.
// to may be l itself. ok is false if l is empty. A list with [MaxLen] may be one
// element too long until the next push.
//
// Move sends one LMOVE, once, and is O(1) and atomic. On [desir.ErrMaybeRan], check
// whether the element has reached the destination list. On a cluster both names need
// the same hash tag; otherwise Move sends nothing and returns [desir.ErrCrossSlot].
//
// Move does not change the stored bytes. Codecs that bind values to their list
// ([codec.Encrypt], [codec.Sign]) cannot read an element that was moved to another list.
func (l *List[T]) Move(ctx context.Context, from End, to *List[T], at End) (v T, ok bool, err error) {
	if to == nil {
		return v, false, l.fail("Move", errNilObject)
	}
	shared, keys, err := sharedAndKeys(l.h, to.h)
	if err != nil {
		return v, false, l.fail("Move", err)
	}
	cmd := redis.NewStringCmd(ctx, "lmove", keys[0], keys[1], from.arg(), at.arg())
	if err := shared.Sender.Write(ctx, cmd); err != nil {
		return v, false, l.fail("Move", send.IgnoreNil(err))
	}
	v, err = l.elems.Decode(cmd.Val(), l.h.Key, "")
	return v, err == nil, l.fail("Move", err)
}
