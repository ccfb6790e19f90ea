package send

import (
	"context"
	"math/rand/v2"
	"time"
)

// SleepWithJitter waits for d with jitter, so that many waiters do not retry at the same
// time. It returns false as soon as the context ends.
func SleepWithJitter(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(jitter(d))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// jitter returns a random duration between d/2 and 3d/2.
func jitter(d time.Duration) time.Duration { return d/2 + rand.N(d) }
