package send_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/send"
)

// TestPermanent checks for each kind of error whether a wait ends with it, and whether its
// command may be sent again.
func TestPermanent(t *testing.T) {
	t.Parallel()
	cause := errors.New("cause")
	for _, tt := range []struct {
		err                  error
		permanent, retryable bool
	}{
		{nil, false, false},
		{send.ErrUnavailable, false, true},
		{send.ErrMaybeRan, false, false},
		{send.ErrOutOfMemory, false, false},
		{context.Canceled, false, false},
		{context.DeadlineExceeded, false, false},
		{send.ErrNotSupported, true, false},
		{send.ErrCrossSlot, true, false},
		{send.ErrWrongType, true, false},
		{send.ErrDenied, true, false},
		{send.ErrClosed, true, false},
		{send.ErrCloseCalled, true, false},
		{send.ErrBadReply, true, false},
		{send.ErrHookPanic, true, false},
		{send.WithClass(send.ErrMaybeRan, send.ErrHookPanic), true, false},
		{send.WithClass(send.ErrMaybeRan, send.ErrBadReply), true, false},
		{send.WithClass(send.ErrUnavailable, redis.ErrClosed), true, false},
		{send.WithClass(send.ErrUnavailable, context.Canceled), false, true},
		{redis.ErrClosed, true, false},
		{redis.Nil, true, false},
		{cause, true, false},
	} {
		errs := []error{tt.err}
		if tt.err != nil {
			errs = append(errs, send.WithClass(tt.err, cause), fmt.Errorf("text: %w", tt.err))
		}
		for _, err := range errs {
			if got := send.Permanent(err); got != tt.permanent {
				t.Errorf("Permanent(%v) = %t", err, got)
			}
			if got := send.Retryable(err); got != tt.retryable {
				t.Errorf("Retryable(%v) = %t", err, got)
			}
		}
	}
}

// TestSlotMoved checks which errors mean that another node has the slot.
func TestSlotMoved(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"MOVED 1 127.0.0.1:1": true, "ASK 1 127.0.0.1:1": true, "TRYAGAIN Multiple keys": true,
		"MOVEDX": false, "CLUSTERDOWN Hash slot not served": false, "WRONGTYPE": false,
	} {
		err := error(replyError(text))
		for _, classified := range []error{err, send.WithClass(send.ErrUnavailable, err)} {
			if got := send.SlotMoved(classified); got != want {
				t.Errorf("%v: %t; want %t", classified, got, want)
			}
		}
		if send.SlotMoved(send.WithClass(send.ErrNotSupported, err)) {
			t.Errorf("%s of a client that ignores redirects: true; want false", text)
		}
	}
	if send.SlotMoved(nil) {
		t.Error("no error: true; want false")
	}
}

// replyError is an error reply.
type replyError string

func (e replyError) Error() string { return string(e) }
func (replyError) RedisError()     {}
