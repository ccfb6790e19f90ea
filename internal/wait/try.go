package wait

import (
	"context"

	"github.com/desir-go/desir/internal/send"
)

// Try takes up to limit values without waiting for them: none if none is there,
// ErrClosed if the source is closed and empty. The script runs to its end; what it brings
// after the context has ended goes back to the head of the list.
func (w *Waiter) Try(ctx context.Context, s Source, limit int) ([]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r := &receiver{max: limit, done: make(chan struct{})}
	l := &loop{w: w, lines: map[place]*line{}}
	ln := &line{source: s, waiting: []*receiver{r}}
	l.lines[s.place()] = ln
	run := func() {
		background := context.WithoutCancel(ctx)
		answer, err := s.take.Run(background, w.hub, s.keys, l.takeArgs(limit)...)
		l.mu.Lock()
		switch state, values, bad := decodeTake(answer); {
		case err != nil:
			ln.fail(err)
		case bad != nil:
			ln.fail(bad)
		default:
			ln.serve(values)
			if state == stateClosed {
				ln.fail(ErrClosed)
			} else {
				ln.fail(nil)
			}
		}
		l.mu.Unlock()
		for len(ln.held) > 0 { // until the values that came too late are back
			l.giveBack(background, ln)
			if len(ln.held) > 0 {
				send.Pause(background, minPause)
			}
		}
	}
	err := w.hub.Send.Run(ctx, func(context.Context) error {
		run()
		return nil
	})
	if err != nil && l.leave(s, r) {
		return nil, err
	}
	<-r.done
	return r.values, r.err
}
