package tx

import (
	"context"
	"errors"
	"fmt"

	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/lease"
	"github.com/desir-go/desir/internal/send"
)

var errPartly = errors.New("a write failed although it had passed the check; those before it were executed")

// Commit sends the transaction, once, and returns an error of type *desir.OpError. It is
// called after End. If a read would return something else now, the error is
// [send.ErrConflict]. If nothing was read, written or required, Commit sends nothing.
func (t *Tx) Commit(ctx context.Context) error {
	switch {
	case t.failed != nil:
		return fail(t.failed.key, t.failed)
	case len(t.keys) == 0:
		return nil
	}
	args := append(make([]any, 0, 3+t.args), len(t.leases.steps), len(t.reads.steps), len(t.writes.steps))
	args = append(append(append(args, t.leases.args...), t.reads.args...), t.writes.args...)
	s := commitScript
	if len(t.writes.steps) == 0 {
		s = verifyScript
	}
	reply, err := s.Run(ctx, t.shared, t.keys, args...)
	if err != nil {
		return fail(t.key(), err)
	}
	parts, _ := reply.([]any)
	result, i, text := parts[0].(int64), int(parts[1].(int64)), parts[2].(string)
	return t.result(ctx, result, i-1, text)
}

// key returns the key that the error of the whole transaction names: the first one that it
// writes, or else the first one.
func (t *Tx) key() string {
	if len(t.writes.steps) > 0 {
		return t.writes.steps[0].key
	}
	return t.keys[0]
}

// result returns the error of a result of the scripts, see scripts/compare.lua.
func (t *Tx) result(ctx context.Context, result int64, i int, text string) error {
	p, err := &t.writes, error(nil)
	switch result {
	case 1:
		return nil
	case 2:
		p, err = &t.reads, send.ErrConflict
	case 3:
		p, err = &t.leases, lease.ErrLost
	case 4:
		err = t.shared.Sender.Classify(ctx, refusal(text))
	case 5:
		err = send.ErrFull
	case 6:
		err = send.ErrClosed
	case 7:
		err = send.WithClass(send.ErrMaybeRan, fmt.Errorf("%w: %w", errPartly, send.Cause(t.shared.Sender.Classify(ctx, refusal(text)))))
	}
	if err == nil || i < 0 || i >= len(p.steps) {
		return fail(t.key(), send.BadReply(errReply, len(t.writes.steps) > 0))
	}
	step := p.steps[i]
	if result == 2 || result == 3 {
		step.call = ""
	}
	return fail(step.key, &failure{step, err})
}

func fail(key string, err error) error { return clients.NewOpError("desir.Atomic", key, err) }

// Fail returns an error of the whole transaction, of type *desir.OpError.
func (t *Tx) Fail(err error) error {
	if len(t.keys) == 0 {
		return fail("", err)
	}
	return fail(t.key(), err)
}

// refusal is the error with which the server would refuse a command.
type refusal string

func (r refusal) Error() string { return string(r) }

// RedisError marks it as an error of the server.
func (refusal) RedisError() {}
