package channel

import (
	"context"
	"errors"
	"time"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/hub"
	"github.com/desir-go/desir/internal/script"
	"github.com/desir-go/desir/internal/send"
	"github.com/desir-go/desir/internal/wait"
)

const (
	chunkValues = 500       // of one send script in SendMany
	chunkBytes  = 256 << 10 // of their bytes, unless one alone is longer
	roomWait    = time.Second
)

// Send appends v, and waits while the channel is full (see [Buffer]).
//
// One script, or a share of one that concurrent sends have in common: one round
// trip, O(1), sent once; a sender that waits is woken by a receiver, and looks
// once a second by itself. It fails with [desir.ErrClosed] when the channel is
// closed, also while it waits. When the context ends, the error says what became
// of v, beside the context's error: [desir.ErrFull] for not sent, while it waited for
// room, [desir.ErrUnavailable] for not sent before that, [desir.ErrMaybeRan] for perhaps. A value of more than 1 MiB is
// [codec.ErrTooLarge] (see the package comment), and nothing was sent.
func (c *Chan[T]) Send(ctx context.Context, v T) error {
	_, err := c.sendAll(ctx, []T{v}, true)
	return c.fail("Send", err)
}

// TrySend is Send without waiting: sent is false when the channel is full.
func (c *Chan[T]) TrySend(ctx context.Context, v T) (sent bool, err error) {
	n, err := c.sendAll(ctx, []T{v}, false)
	return n == 1, c.fail("TrySend", err)
}

// SendMany appends values in order, and waits while the channel is full. It
// returns how many the server acknowledged: the first ones. One script for 500
// values or 256 KiB, each atomic and sent once; after an error the values of
// that script may follow if it is [desir.ErrMaybeRan], and no later one does. A
// value that is too large ([codec.ErrTooLarge]) keeps all of them from being sent.
func (c *Chan[T]) SendMany(ctx context.Context, vs ...T) (sent int, err error) {
	sent, err = c.sendAll(ctx, vs, true)
	return sent, c.fail("SendMany", err)
}

func (c *Chan[T]) sendAll(ctx context.Context, vs []T, patient bool) (sent int, err error) {
	hub, err := c.h.Hub()
	if err != nil {
		return 0, err
	}
	values, err := c.values.EncodeAll(vs)
	if err != nil {
		return 0, err
	}
	for sent < len(values) {
		n, err := c.push(ctx, hub, values[sent:sent+chunk(values[sent:])], patient)
		sent += n
		switch {
		case err != nil:
			return sent, err
		case n > 0:
			continue
		case !patient:
			return sent, nil
		}
		if err := c.room(ctx, hub); err != nil {
			return sent, err
		}
	}
	return sent, nil
}

// chunk returns how many of the values, at least one, leave in one script.
func chunk(values []string) int {
	bytes := 0
	for i, v := range values[:min(len(values), chunkValues)] {
		if bytes += len(v); bytes > chunkBytes && i > 0 {
			return i
		}
	}
	return min(len(values), chunkValues)
}

// push runs the script once, perhaps together with other sends, and returns how
// many of the values it appended.
func (c *Chan[T]) push(ctx context.Context, hub *hub.Hub, values []string, patient bool) (int, error) {
	kind := c.hasty
	if patient {
		kind = c.patient
	}
	n, err := hub.Send.Join(ctx, kind, c.source.Values, values)
	if script.Unknown(err) { // not executed; Run finds the way
		args := c.sendHead(hub, patient)
		for _, v := range values {
			args = append(args, v)
		}
		var answer any
		answer, err = sendScript.Run(ctx, hub, c.source.Keys(), args...)
		n, _ = answer.(int64)
	}
	switch {
	case err != nil:
		return 0, err
	case n < 0:
		return 0, desir.ErrClosed
	default:
		return int(n), nil
	}
}

// sendHead returns the arguments of the script in front of the values.
func (c *Chan[T]) sendHead(hub *hub.Hub, patient bool) []any {
	waits := int64(0)
	if patient {
		waits = (2 * roomWait).Milliseconds()
	}
	return []any{c.buffer, wait.Flag(hub), wait.TokenLife.Milliseconds(), waits}
}

// room waits until a receiver says that there is room, or for a moment: the
// script decides.
func (c *Chan[T]) room(ctx context.Context, hub *hub.Hub) error {
	short, cancel := context.WithTimeout(ctx, roomWait)
	defer cancel()
	room := c.source.WaitingRoom()
	token, err := wait.Of(hub).Receive(short, room, 1)
	switch {
	case ctx.Err() != nil:
		if err == nil {
			wait.Of(hub).GiveBack(ctx, room, token) // the next sender needs it
		}
		return send.Fault(desir.ErrFull, ctx.Err())
	case errors.Is(err, context.DeadlineExceeded):
		return nil
	default:
		return err
	}
}
