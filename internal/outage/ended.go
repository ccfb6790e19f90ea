package outage

import (
	"context"
	"errors"
	"time"

	"github.com/desir-go/desir/internal/send"
)

// Overdue is how long a reply may take, beyond the time of a block, before the error of a
// caller that leaves includes ErrSilent.
const Overdue = 500 * time.Millisecond

// ErrSilent is the reason when a server has not sent a reply that is due.
var ErrSilent = send.WithClass(send.ErrUnavailable, errors.New("the server does not reply"))

// Ended returns the error of a wait whose context has ended. Trouble is the reason why the
// server did not serve the wait, or nil. Nothing was executed for the wait, so ErrMaybeRan in
// trouble becomes ErrUnavailable.
func Ended(ctx context.Context, trouble error) error {
	if errors.Is(trouble, send.ErrMaybeRan) {
		trouble = send.WithClass(send.ErrUnavailable, send.Cause(trouble))
	}
	switch ended := ctx.Err(); {
	case ended == nil:
		return trouble
	case trouble == nil:
		return ended
	default:
		return send.WithClass(ended, trouble)
	}
}
