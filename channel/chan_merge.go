package channel

import (
	"context"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/batch"
)

// newMerger returns the merger of Send or TrySend: concurrent sends run the script once with
// their values in sequence. The appended count is then divided among the calls in that order.
func (c *Chan[T]) newMerger(waits bool) *batch.Merger {
	return &batch.Merger{
		Merges: true, Coalesces: true,
		Command: func(ctx context.Context, calls []*batch.Call) redis.Cmder {
			shared := c.h.Known() // the callers have resolved it already
			return sendScript.Command(ctx, shared, c.source.Keys(), batch.Args(calls, c.sendArgs(shared, waits)...)...)
		},
		Share: func(cmd redis.Cmder, calls []*batch.Call) {
			n, err := cmd.(*redis.Cmd).Int64()
			for _, call := range calls {
				call.Err = err
				if n < 0 {
					call.Count = n
					continue
				}
				call.Count = min(n, int64(len(call.Values)))
				n -= call.Count
			}
		},
	}
}
