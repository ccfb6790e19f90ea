package redistest

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"
)

func TestBubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		c := Bubble(t)
		if err := c.Set(ctx, "lease", "ann", time.Hour).Err(); err != nil {
			t.Fatal(err)
		}
		before, err := c.Time(ctx).Result()
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour - time.Second)
		if got, err := c.Get(ctx, "lease").Result(); got != "ann" || err != nil {
			t.Errorf("Get a second before the end = %q, %v; want ann", got, err)
		}
		time.Sleep(time.Second)
		if err := c.Get(ctx, "lease").Err(); !errors.Is(err, redis.Nil) {
			t.Errorf("Get at the end: %v; want redis.Nil", err)
		}
		if after, err := c.Time(ctx).Result(); after.Sub(before) != time.Hour || err != nil {
			t.Errorf("TIME advanced by %v, %v; want an hour", after.Sub(before), err)
		}
		began := time.Now()
		if err := c.BLPop(ctx, time.Minute, "empty").Err(); !errors.Is(err, redis.Nil) || time.Since(began) != time.Minute {
			t.Errorf("BLPop: %v after %v; want redis.Nil after a minute", err, time.Since(began))
		}
	})
}
