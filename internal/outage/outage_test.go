package outage

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/desir-go/desir/internal/send"
)

var (
	errAway   = send.WithClass(send.ErrUnavailable, errors.New("refused"))
	errOwed   = send.WithClass(send.ErrMaybeRan, errors.New("EOF"))
	errMemory = send.WithClass(send.ErrOutOfMemory, errors.New("OOM"))
)

// TestState checks that each change of the reason is logged once. If a server serves for less
// than a second between two errors, the outage continues.
func TestState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s State
		for i, step := range []struct {
			err  error // nil: the server serves
			wait time.Duration
			want bool
		}{
			{errAway, 0, true},
			{errAway, time.Minute, false},
			{errOwed, 0, false},
			{errMemory, 0, true},
			{errAway, 0, true},
			{nil, quietPeriod / 2, false},
			{errAway, 0, false},
			{nil, quietPeriod, true},
		} {
			time.Sleep(step.wait) // fake time of the synctest bubble
			got := false
			if step.err != nil {
				got = s.Begin(step.err)
			} else {
				got = s.Ended()
			}
			if got != step.want {
				t.Errorf("step %d: %t, want %t", i, got, step.want)
			}
		}
	})
}

// TestEnded checks that the error wraps both the context's error and the reason, and that it
// is never ErrMaybeRan.
func TestEnded(t *testing.T) {
	over, cancel := context.WithCancel(context.Background())
	cancel()
	for _, tt := range []struct {
		ctx     context.Context
		trouble error
		is      []error
		not     []error
	}{
		{over, nil, []error{context.Canceled}, []error{send.ErrUnavailable}},
		{over, errAway, []error{context.Canceled, send.ErrUnavailable}, nil},
		{over, errOwed, []error{context.Canceled, send.ErrUnavailable}, []error{send.ErrMaybeRan}},
		{over, errMemory, []error{context.Canceled, send.ErrOutOfMemory}, []error{send.ErrUnavailable}},
		{context.Background(), errOwed, []error{send.ErrUnavailable}, []error{send.ErrMaybeRan, context.Canceled}},
	} {
		err := Ended(tt.ctx, tt.trouble)
		for _, want := range tt.is {
			if !errors.Is(err, want) {
				t.Errorf("%v is not %v", err, want)
			}
		}
		for _, no := range tt.not {
			if errors.Is(err, no) {
				t.Errorf("%v is %v", err, no)
			}
		}
		asked := send.WithClass(send.ErrMaybeRan, send.Cause(err)) // as Mailbox.Ask does
		if errors.Is(asked, send.ErrUnavailable) || errors.Is(asked, context.Canceled) != (tt.ctx == over) {
			t.Errorf("%v", asked)
		}
	}
}
