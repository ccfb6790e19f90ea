package collections

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"strconv"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/hub"
	"github.com/desir-go/desir/internal/send"
)

// All walks over the members from the lowest score to the highest. It promises
// and costs what [SortedSet.Range] does.
func (z *SortedSet[T]) All(ctx context.Context) iter.Seq2[Scored[T], error] {
	return z.walk(ctx, "All", ByScore(math.Inf(-1), math.Inf(1)))
}

// Range walks over what r names, in its direction. A member that does not
// decode comes as a [*codec.DecodeError], and the loop may go on; any other
// error is the last.
//
// A page continues behind the last member of the page before, by its score and
// its bytes, wherever that is by now and whether or not it is still there. So
// a member that keeps its score while the walk lasts is seen exactly once,
// whatever others add and remove, and also when the server is restarted or
// fails over to a replica that has it. One that comes or goes may be seen or
// not; one whose score changes may be seen at each of its places, or at none.
// Positions are found once, at the beginning.
//
// One script for each page of 64 to 1000 members: one round trip,
// O(log n + page), one moment of the set. A range of one page is atomic. Nothing
// is held between two pages: break frees everything, and ranging again starts
// over.
func (z *SortedSet[T]) Range(ctx context.Context, r Range) iter.Seq2[Scored[T], error] {
	return z.walk(ctx, "Range", r)
}

func (z *SortedSet[T]) walk(ctx context.Context, op string, r Range) iter.Seq2[Scored[T], error] {
	return items(ctx, pages(ctx, z.h, r), 1,
		func(raw []Scored[string]) (Scored[T], error) {
			v, err := z.members.Decode(raw[0].Value, z.h.Key, "")
			if err != nil {
				return Scored[T]{Value: v}, err
			}
			return Scored[T]{v, raw[0].Score}, nil
		},
		func(err error) error { return z.fail(op, err) })
}

// pages yields the raw members of a range, page by page, or a fatal error,
// once and last.
func pages(ctx context.Context, h *hub.Handle, r Range) iter.Seq2[[]Scored[string], error] {
	return func(yield func([]Scored[string], error) bool) {
		r := r // ranging again starts over
		hub, err := h.Hub()
		if err == nil {
			err = r.err
		}
		if err != nil {
			yield(nil, err)
			return
		}
		var last []any // score and member where the next page begins
		for count := firstCount; !r.none(); count = min(2*count, maxCount) {
			count = min(count, r.limit)
			page, found, err := fetchRange(ctx, hub, h.Key, append(r.words(count), last...))
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

// fetchRange asks for a page, several times if nobody answers, as other walks do.
func fetchRange(ctx context.Context, h *hub.Hub, key string, words []any) (page []Scored[string], found int, err error) {
	pause := pagePause
	for try := 1; ; try++ {
		answer, err := zsetPage.Run(ctx, h, []string{key}, words...)
		switch {
		case err == nil:
			return readPage(answer)
		case !errors.Is(err, desir.ErrUnavailable) || try == pageTries:
			return nil, 0, err
		case !send.Pause(ctx, pause):
			return nil, 0, ctx.Err()
		}
		pause = min(2*pause, pagePauseMax)
	}
}

var errPage = send.Fault(send.ErrReply, errors.New("the page has another form"))

// readPage reads the answer of the script: how many members the range has from
// here on, and the first of them.
func readPage(answer any) (page []Scored[string], found int, err error) {
	parts, _ := answer.([]any)
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
