package collections

import (
	"context"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/clients"
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
	last, some := inclusive(from, to)
	if _, err := l.h.Shared(); err != nil || !some {
		return nil, l.h.Fail("Slice", err)
	}
	raw, err := clients.Read(ctx, l.h, redis.NewStringSliceCmd, "lrange", from, last)
	vs, err := decodeReplies(l.h, &l.elems, raw, err)
	return vs, l.h.Fail("Slice", err)
}

// Trim keeps the elements that [List.Slice] with the same positions returns, and
// deletes all others. It sends one LTRIM, once, and is O(deleted elements) and atomic.
func (l *List[T]) Trim(ctx context.Context, from, to int) error {
	last, some := inclusive(from, to)
	if !some {
		from, last = 1, 0 // an empty range in Redis
	}
	_, err := clients.Write(ctx, l.h, redis.NewStatusCmd, "ltrim", from, last)
	return l.h.Fail("Trim", err)
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
		return 0, false, l.h.Fail("Index", err)
	}
	n, err := clients.Read(ctx, l.h, redis.NewIntCmd, "lpos", value)
	return int(n), err == nil, l.h.Fail("Index", send.IgnoreNil(err))
}

// Remove deletes elements equal to v and returns how many it deleted: the first count
// elements, the last -count elements if count is negative, or all if count is 0. It
// compares as [List.Index] does. Remove sends one LREM, once, and is O(n) and atomic.
func (l *List[T]) Remove(ctx context.Context, v T, count int) (removed int, err error) {
	value, err := l.encodeExact(v)
	if err != nil {
		return 0, l.h.Fail("Remove", err)
	}
	n, err := clients.Write(ctx, l.h, redis.NewIntCmd, "lrem", count, value)
	return int(n), l.h.Fail("Remove", err)
}

// InsertBefore inserts v before the first element equal to pivot. ok is false if there
// is no such element. It compares as [List.Index] does. A list with [MaxLen] may be one
// element too long until the next push. InsertBefore sends one LINSERT, once, and is
// O(n) and atomic.
func (l *List[T]) InsertBefore(ctx context.Context, pivot, v T) (ok bool, err error) {
	at, err := l.encodeExact(pivot)
	if err != nil {
		return false, l.h.Fail("InsertBefore", err)
	}
	value, err := l.elems.Encode(v)
	if err != nil {
		return false, l.h.Fail("InsertBefore", err)
	}
	n, err := clients.Write(ctx, l.h, redis.NewIntCmd, "linsert", "before", at, value)
	return n > 0, l.h.Fail("InsertBefore", err)
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
		return v, false, l.h.Fail("Move", errNilObject)
	}
	if _, _, err := sharedAndKeys(l.h, to.h); err != nil {
		return v, false, l.h.Fail("Move", err)
	}
	raw, err := clients.Write(ctx, l.h, redis.NewStringCmd, "lmove", to.h.Key, from.arg(), at.arg())
	v, ok, err = decodeReply(l.h, &l.elems, raw, err)
	return v, ok, l.h.Fail("Move", err)
}
