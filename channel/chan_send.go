package channel

import (
	"context"
	"errors"
	"time"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/script"
	"github.com/desir-go/desir/internal/send"
	"github.com/desir-go/desir/internal/wait"
)

const (
	chunkValues = 500         // values in one send script
	chunkBytes  = 256 << 10   // bytes in one send script, unless a single value is longer
	roomRetry   = time.Second // between two attempts of a sender that waits for room
)

// Send appends v. It waits while the channel is full (see [Buffer]).
//
// Send runs one script, which concurrent sends may share: one round trip, O(1), sent once. A
// waiting sender is woken by a receiver. It also tries again by itself once a second.
//
// Send fails with [desir.ErrClosed] when the channel is closed, also while it waits. It
// fails with [codec.ErrTooLarge] if the encoded value is longer than 1 MiB (see the package
// comment); nothing was sent. When the context ends, the error wraps the context's error and
// one of:
//   - [desir.ErrFull]: v was not sent, because the channel was still full
//   - [desir.ErrUnavailable]: v was not sent
//   - [desir.ErrMaybeRan]: v may have been sent
func (c *Chan[T]) Send(ctx context.Context, v T) error {
	_, err := c.sendAll(ctx, []T{v}, true)
	return c.h.Fail("Send", err)
}

// TrySend is like [Chan.Send], but it does not wait for room. If the channel is full, sent
// is false and the error is nil.
func (c *Chan[T]) TrySend(ctx context.Context, v T) (sent bool, err error) {
	n, err := c.sendAll(ctx, []T{v}, false)
	return n == 1, c.h.Fail("TrySend", err)
}

// SendMany appends the values in order. It waits while the channel is full. It returns the
// number of values that the server acknowledged, which are the first ones of vs.
//
// SendMany runs one script for each 500 values or 256 KiB. Each script is atomic and sent
// once. An error ends SendMany. If the error is [desir.ErrMaybeRan], values of the failed
// script may have been appended as well. Values of later scripts were not sent. If one value
// is too large ([codec.ErrTooLarge]), none is sent.
func (c *Chan[T]) SendMany(ctx context.Context, vs ...T) (sent int, err error) {
	sent, err = c.sendAll(ctx, vs, true)
	return sent, c.h.Fail("SendMany", err)
}

func (c *Chan[T]) sendAll(ctx context.Context, vs []T, waits bool) (sent int, err error) {
	shared, err := c.h.Shared()
	if err != nil {
		return 0, err
	}
	values, err := c.values.EncodeAll(vs)
	if err != nil {
		return 0, err
	}
	for sent < len(values) {
		n, err := c.push(ctx, shared, values[sent:sent+chunkLen(values[sent:])], waits)
		sent += n
		switch {
		case err != nil:
			return sent, err
		case n > 0:
			continue
		case !waits:
			return sent, nil
		}
		if err := c.waitForRoom(ctx, shared); err != nil {
			return sent, err
		}
	}
	return sent, nil
}

// chunkLen returns how many of the values are sent in one script. It is at least one.
func chunkLen(values []string) int {
	bytes := 0
	for i, v := range values[:min(len(values), chunkValues)] {
		if bytes += len(v); bytes > chunkBytes && i > 0 {
			return i
		}
	}
	return min(len(values), chunkValues)
}

// push runs the script once, possibly batched with other sends, and returns how many of the
// values it appended.
func (c *Chan[T]) push(ctx context.Context, shared *clients.Shared, values []string, waits bool) (int, error) {
	merger := c.trySends
	if waits {
		merger = c.sends
	}
	n, err := shared.Sender.Merge(ctx, merger, c.source.Values, values)
	if script.Unknown(err) { // not executed; Run loads the script
		args := c.sendArgs(shared, waits)
		for _, v := range values {
			args = append(args, v)
		}
		var reply any
		reply, err = sendScript.Run(ctx, shared, c.source.Keys(), args...)
		n, _ = reply.(int64)
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

// sendArgs returns the script's arguments that precede the values.
func (c *Chan[T]) sendArgs(shared *clients.Shared, waits bool) []any {
	waitMillis := int64(0)
	if waits {
		waitMillis = (2 * roomRetry).Milliseconds()
	}
	return []any{c.buffer, wait.WakeMode(shared), wait.TokenTTL.Milliseconds(), waitMillis}
}

// waitForRoom waits until a receiver signals room, but at most for roomRetry. The next run of
// the script decides whether there is room.
func (c *Chan[T]) waitForRoom(ctx context.Context, shared *clients.Shared) error {
	short, cancel := context.WithTimeout(ctx, roomRetry)
	defer cancel()
	roomSource := c.source.WaitingRoom()
	token, err := wait.Of(shared).Receive(short, roomSource, 1)
	switch {
	case ctx.Err() != nil:
		if err == nil {
			wait.Of(shared).RequeueAsync(ctx, roomSource, token) // for the next sender
		}
		return send.WithClass(desir.ErrFull, ctx.Err())
	case errors.Is(err, context.DeadlineExceeded):
		return nil
	default:
		return err
	}
}
