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
	if err := ctx.Err(); err != nil {
		return nil, send.WithClass(send.ErrUnavailable, err)
	}
	r := &receiver{max: limit, done: make(chan struct{})}
	l := &loop{waiter: w, queues: map[sourceID]*waitQueue{}}
	q := &waitQueue{source: s, waiting: []*receiver{r}}
	l.queues[s.id()] = q
	err := w.shared.Sender.RunWithGrace(ctx, LeaveTime, func(taking context.Context) {
		reply, err := s.take.Run(taking, w.shared, s.keys, l.takeArgs(limit)...)
		l.mu.Lock()
		switch state, values, decodeErr := decodeTake(reply); {
		case err != nil:
			q.fail(err)
		case decodeErr != nil:
			q.fail(decodeErr)
		default:
			q.serve(values)
			if state == stateClosed {
				q.fail(ErrClosed)
			} else {
				q.fail(nil)
			}
		}
		l.mu.Unlock()
		background := context.WithoutCancel(ctx)
		for pause := pauses.Start(); len(q.buffered) > 0; { // requeue values that came too late
			l.requeue(background, q)
			if len(q.buffered) > 0 {
				pause.Wait(background)
			}
		}
	})
	if err != nil && l.find(s, r, (*loop).remove) {
		return nil, err
	}
	<-r.done
	return r.values, r.err
}
