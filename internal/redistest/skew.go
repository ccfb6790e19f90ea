package redistest

import (
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// Skewed starts an embedded server whose clock is off by so much, and returns a
// client of it. To programs that is the same as a clock of their own that is off by as
// much the other way.
func Skewed(t testing.TB, by time.Duration) *redis.Client {
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
