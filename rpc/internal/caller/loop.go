package caller

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/desir-go/desir/internal/send"
	"github.com/desir-go/desir/rpc/internal/resp"
)

// readResults reads results as long as calls are pending, and for a moment after that.
func (ib *inbox) readResults() {
	ctx := context.Background()
	r := ib.reader
	for retry := resp.Pauses.Start(); ; {
		var n int
		var err error
		if r.Expired() && len(r.inFlight) == 0 {
			r.Close()
		}
		if !r.keyRefreshed {
			err = ib.refreshKey(ctx)
			r.keyRefreshed = err == nil
		}
		if r.keyRefreshed {
			n, err = r.readEntries(ctx)
		}
		switch {
		case err != nil:
			r.CloseAfter(err)
			if send.Permanent(err) { // for example, the user has no permission to read
				ib.failWhere(func(*pendingCall) bool { return true }, send.WithClass(send.ErrMaybeRan, fmt.Errorf("%w: %w", errUnreadable, send.Cause(err))))
			}
			retry.WaitUntil(nil)
		case n > 0:
			retry.Reset()
			if ib.direct.offer() {
				return
			}
			runtime.Gosched() // let the callers run first: their next calls then share a batch
			continue
		default:
			retry.Reset()
		}
		if ib.stopIfIdle() {
			return
		}
	}
}

var errUnreadable = errors.New("results cannot be read")

// stopIfIdle ends the reading if no call is pending.
func (ib *inbox) stopIfIdle() bool {
	ib.mu.Lock()
	defer ib.mu.Unlock()
	ib.reading = len(ib.pending) > 0
	if !ib.reading {
		ib.reader.Close()
	}
	return !ib.reading
}
