package outage

import (
	"context"
	"errors"
	"time"

	"github.com/desir-go/desir/internal/send"
)

// Overdue is how long a reply may take, beyond a block, until those that leave are told that
// there is none.
const Overdue = 500 * time.Millisecond

// ErrSilent is the reason where a server owes a reply.
var ErrSilent = send.Fault(send.ErrUnavailable, errors.New("the server does not reply"))

// Ended is the error of a wait whose context has ended. Trouble is why the server did not
// serve it, or nil. Nothing was executed for the wait, whatever trouble says.
func Ended(ctx context.Context, trouble error) error {
	if errors.Is(trouble, send.ErrMaybeRan) {
		trouble = send.Fault(send.ErrUnavailable, send.Bare(trouble))
	}
	switch ended := ctx.Err(); {
	case ended == nil:
		return trouble
	case trouble == nil:
		return ended
	default:
		return send.Fault(ended, trouble)
	}
}
