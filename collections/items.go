package collections

import (
	"context"
	"iter"

	"github.com/desir-go/desir/internal/clients"
)

// items is the sequence of an operation. It passes every step raw elements of the pages to
// read and yields the results. An error of read does not end the sequence. An error of a
// page or of ctx comes once, last.
func items[E, T any](ctx context.Context, h *clients.Handle, op string, pages iter.Seq2[[]E, error], step int, read func([]E) (T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		for page, err := range pages {
			if err != nil {
				yield(zero, h.Fail(op, err))
				return
			}
			for ; len(page) >= step; page = page[step:] {
				if err := ctx.Err(); err != nil {
					yield(zero, h.Fail(op, err))
					return
				}
				v, err := read(page[:step])
				if !yield(v, h.Fail(op, err)) {
					return
				}
			}
		}
	}
}
