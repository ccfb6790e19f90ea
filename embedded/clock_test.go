package embedded_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/redistest"
)

const (
	brief = 30 * time.Millisecond
	soon  = 5 * time.Second // limit for events that take little longer than brief
)

func TestKeysExpire(t *testing.T) {
	ctx := context.Background()
	for _, tt := range []struct {
		name string
		set  func(c redis.UniversalClient) error
	}{
		{"SET PX", func(c redis.UniversalClient) error { return c.Set(ctx, "k", "v", brief).Err() }},
		{"PEXPIRE", func(c redis.UniversalClient) error {
			if err := c.Set(ctx, "k", "v", 0).Err(); err != nil {
				return err
			}
			return c.PExpire(ctx, "k", brief).Err()
		}},
		{"PEXPIREAT", func(c redis.UniversalClient) error {
			if err := c.RPush(ctx, "k", "v").Err(); err != nil {
				return err
			}
			now, err := c.Time(ctx).Result()
			if err != nil {
				return err
			}
			return c.PExpireAt(ctx, "k", now.Add(brief)).Err()
		}},
		{"GETEX", func(c redis.UniversalClient) error {
			if err := c.Set(ctx, "k", "v", 0).Err(); err != nil {
				return err
			}
			return c.GetEx(ctx, "k", brief).Err()
		}},
		{"in a script", func(c redis.UniversalClient) error {
			return c.Eval(ctx, "return redis.call('SET', KEYS[1], 'v', 'PX', ARGV[1])",
				[]string{"k"}, brief.Milliseconds()).Err()
		}},
		{"in a transaction", func(c redis.UniversalClient) error {
			_, err := c.TxPipelined(ctx, func(p redis.Pipeliner) error {
				p.Set(ctx, "k", "v", 0)
				p.PExpire(ctx, "k", brief)
				return nil
			})
			return err
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := start(t).Client()
			began := time.Now()
			if err := tt.set(c); err != nil {
				t.Fatal(err)
			}
			redistest.Eventually(t, soon, func() bool { return c.Exists(ctx, "k").Val() == 0 }, "the key expires")
			if took := time.Since(began); took < brief {
				t.Errorf("gone after %v; want not before %v", took, brief)
			}
		})
	}
}

func TestFieldsExpire(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	c := start(t).Client()
	if err := c.HSet(ctx, "carts", "ann", 1, "bob", 2).Err(); err != nil {
		t.Fatal(err)
	}
	if got, err := c.HExpire(ctx, "carts", time.Second, "ann").Result(); err != nil || len(got) != 1 || got[0] != 1 {
		t.Fatalf("HExpire = %v, %v; want [1]", got, err)
	}
	if got, err := c.HPTTL(ctx, "carts", "ann").Result(); err != nil || len(got) != 1 || got[0] <= 0 || got[0] > 1000 {
		t.Errorf("HPTTL = %v, %v; want up to 1000 ms", got, err)
	}
	redistest.Eventually(t, soon, func() bool { return !c.HExists(ctx, "carts", "ann").Val() }, "the field expires")
	if got, err := c.HGetAll(ctx, "carts").Result(); err != nil || len(got) != 1 || got["bob"] != "2" {
		t.Errorf("HGetAll = %v, %v; want bob's alone", got, err)
	}
}

func TestTimePasses(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	c := start(t).Client()
	if err := c.Set(ctx, "k", "v", time.Hour).Err(); err != nil {
		t.Fatal(err)
	}
	first, err := c.PTTL(ctx, "k").Result()
	if err != nil || first > time.Hour || first < time.Hour-time.Minute {
		t.Fatalf("PTTL = %v, %v; want nearly an hour", first, err)
	}
	redistest.Eventually(t, soon, func() bool { return c.PTTL(ctx, "k").Val() < first }, "PTTL falls")
	now, err := c.Time(ctx).Result()
	if d := time.Since(now).Abs(); err != nil || d > soon {
		t.Errorf("TIME is off by %v, %v", d, err)
	}
	// A key without an expiry keeps none.
	if err := c.Set(ctx, "plain", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if got, err := c.PTTL(ctx, "plain").Result(); got != -1 || err != nil {
		t.Errorf("PTTL without expiry = %v, %v; want -1", got, err)
	}
	if err := c.Get(ctx, "none").Err(); !errors.Is(err, redis.Nil) {
		t.Errorf("Get: %v; want redis.Nil", err)
	}
}
