package wait

import (
	"context"

	"github.com/desir-go/desir/internal/send"
)

// Try takes up to limit values and does not wait for them. It returns none if there is none,
// and ErrClosed if the source is closed and empty. If the context ends while the take is in
// flight, Try waits for it as [Waiter.Receive] does. If the take does not end in that time,
// its values are requeued when they arrive. The error then wraps the context's error, and
// ErrMaybeRan, or ErrUnavailable if nothing was sent.
func (w *Waiter) Try(ctx context.Context, s Source, limit int) ([]string, error) {
	values, _, err := send.RunOr(ctx, w.shared.Sender, LeaveTime, func(taking context.Context) ([]string, error) {
		reply, err := s.take.Run(taking, w.shared, s.keys, w.takeArgs(limit)...)
		if err != nil {
			return nil, err
		}
		state, values, err := decodeTake(reply)
		if err == nil && len(values) == 0 && state == stateClosed {
			err = ErrClosed
		}
		return values, err
	}, func(values []string, err error) { // Try has reported the error
		w.RequeueLate(ctx, s, values)
	})
	return values, err
}
