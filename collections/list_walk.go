package collections

import (
	"context"
	"iter"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/send"
)

// All yields the elements from front to back, by position. If an element does not
// decode, its error is a [*codec.DecodeError] and the loop may continue. Any other
// error is the last item.
//
// All yields elements that are pushed at the back during the iteration. A push at the
// front makes it yield elements again. A removal at the front moves the other elements
// forward, and All skips as many elements as were removed.
//
// All sends one LRANGE for each page of 64 to 1000 elements and holds no resources
// between pages.
func (l *List[T]) All(ctx context.Context) iter.Seq2[T, error] {
	return l.walk(ctx, "All", false)
}

// Backward yields the elements from back to front. Otherwise it is as [List.All] with the
// ends exchanged.
func (l *List[T]) Backward(ctx context.Context) iter.Seq2[T, error] {
	return l.walk(ctx, "Backward", true)
}

func (l *List[T]) walk(ctx context.Context, op string, backward bool) iter.Seq2[T, error] {
	return items(ctx, l.h, op, l.pages(ctx, backward), 1,
		func(raw []string) (T, error) { return l.elems.Decode(raw[0], l.h.Key, "") })
}

// pages yields the raw elements page by page. A fatal error comes once, last.
func (l *List[T]) pages(ctx context.Context, backward bool) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		for at, count := 0, firstCount; ; count = min(2*count, maxCount) {
			page, err := l.page(ctx, at, count, backward)
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(page, nil) || len(page) < count {
				return
			}
			at += count
		}
	}
}

// page returns count elements, starting at distance at from the end where the iteration
// began, in iteration order.
func (l *List[T]) page(ctx context.Context, at, count int, backward bool) ([]string, error) {
	from, to := at, at+count-1
	if backward {
		from, to = -to-1, -from-1
	}
	page, err := clients.Read(ctx, l.h, redis.NewStringSliceCmd, "lrange", from, to)
	if backward {
		slices.Reverse(page)
	}
	return page, send.IgnoreNil(err)
}
