package collections

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"strconv"

	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/send"
)

// All yields the members from the lowest score to the highest. It has the guarantees
// and the cost of [SortedSet.Range].
func (z *SortedSet[T]) All(ctx context.Context) iter.Seq2[Scored[T], error] {
	return z.walk(ctx, "All", ByScore(math.Inf(-1), math.Inf(1)))
}

// Range yields the members that r selects, in its direction. If a member does not
// decode, its error is a [*codec.DecodeError] and the loop may continue. Any other
// error is the last item.
//
// Each page starts after the score and the bytes of the last member of the previous
// page, even if that member has moved or was removed. So a member that keeps its score
// during the iteration is yielded exactly once, even if other members are added and
// removed, if the server restarts, or if it fails over to a replica that has the
// member. A member that is added or removed during the iteration may be yielded or not.
// A member whose score changes may be yielded at each of its positions, or not at all.
// Range resolves positions once, at the start.
//
// Range runs one script for each page of 64 to 1000 members, in one round trip. A page is
// O(log n + page) and shows one moment of the set, so a range of one page is atomic. No
// resources are held between pages. A break releases everything, and ranging again starts
// from the beginning.
func (z *SortedSet[T]) Range(ctx context.Context, r Range) iter.Seq2[Scored[T], error] {
	return z.walk(ctx, "Range", r)
}

func (z *SortedSet[T]) walk(ctx context.Context, op string, r Range) iter.Seq2[Scored[T], error] {
	return items(ctx, z.h, op, pages(ctx, z.h, r), 1,
		func(raw []Scored[string]) (Scored[T], error) {
			v, err := z.members.Decode(raw[0].Value, z.h.Key, "")
			if err != nil {
				return Scored[T]{Value: v}, err
			}
			return Scored[T]{v, raw[0].Score}, nil
		})
}

// pages yields the raw members of a range page by page. A fatal error comes once, last.
func pages(ctx context.Context, h *clients.Handle, r Range) iter.Seq2[[]Scored[string], error] {
	return func(yield func([]Scored[string], error) bool) {
		r := r // ranging again starts from the beginning
		shared, err := h.Shared()
		if err == nil {
			err = r.err
		}
		if err != nil {
			yield(nil, err)
			return
		}
		var last []any // score and member after which the next page begins
		for count := firstCount; !r.none(); count = min(2*count, maxCount) {
			count = min(count, r.limit)
			page, found, err := fetchRange(ctx, shared, h.Key, append(r.scriptArgs(count), last...))
			if err != nil {
				yield(nil, err)
				return
			}
			if last == nil && r.kind == "rank" {
				r.limit = min(r.limit, found)
			}
			if len(page) == 0 || !yield(page, nil) || len(page) < count {
				return
			}
			r.limit -= len(page)
			end := page[len(page)-1]
			last = []any{scoreText(end.Score), end.Value}
		}
	}
}

// fetchRange fetches a page. It retries while the server is unavailable, as walker.next
// does.
func fetchRange(ctx context.Context, h *clients.Shared, key string, rangeArgs []any) (page []Scored[string], found int, err error) {
	pause := pagePauses.Start()
	for attempt := 1; ; attempt++ {
		reply, err := zsetPage.Run(ctx, h, []string{key}, rangeArgs...)
		switch {
		case err == nil:
			return readPage(reply)
		case !send.Retryable(err) || attempt == maxPageAttempts:
			return nil, 0, err
		case !pause.Wait(ctx):
			return nil, 0, ctx.Err()
		}
	}
}

var errPage = send.WithClass(send.ErrBadReply, errors.New("the reply has an unexpected form"))

// readPage parses the script's reply: the number of members that the range has from
// here on, and the members of the page.
func readPage(reply any) (page []Scored[string], found int, err error) {
	parts, _ := reply.([]any)
	if len(parts) < 1 || len(parts)%2 != 1 {
		return nil, 0, errPage
	}
	n, _ := parts[0].(int64)
	page = make([]Scored[string], 0, len(parts)/2)
	for i := 1; i < len(parts); i += 2 {
		member, _ := parts[i].(string)
		text, _ := parts[i+1].(string)
		score, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, 0, fmt.Errorf("the score of a member: %w", err)
		}
		page = append(page, Scored[string]{member, score})
	}
	return page, int(n), nil
}
