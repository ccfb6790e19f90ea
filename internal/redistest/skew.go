package redistest

import (
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// SkewedClient starts an embedded server whose clock is ahead by the given duration, and
// returns a client of it. For a client that is the same as a client whose clock is behind
// by it.
func SkewedClient(t testing.TB, by time.Duration) *redis.Client {
	t.Helper()
	s := miniredis.NewMiniRedis()
	s.SetTime(time.Now().Add(by))
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	var clock sync.WaitGroup
	clock.Go(func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case now := <-tick.C:
				s.SetTime(now.Add(by))
			case <-ended:
				return
			}
		}
	})
	c := redis.NewClient(&redis.Options{Addr: s.Addr()})
	t.Cleanup(func() {
		_ = c.Close()
		close(ended)
		clock.Wait()
		s.Close()
	})
	return c
}
