package send

import (
	"context"
	"math/rand/v2"
	"time"
)

// Pause waits for d, give or take half of it, so that many who wait for the
// same thing do not come back together. It reports false as soon as the
// context ends.
func Pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(jitter(d))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// jitter returns d, give or take half of it.
func jitter(d time.Duration) time.Duration { return d/2 + rand.N(d) }
