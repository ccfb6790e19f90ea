package integration

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// checkLeaks fails the test if keys without an expiry or subscriptions remain.
func (e *Env) checkLeaks() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var mu sync.Mutex
	var leaked, subscribed []string
	err := e.eachMaster(ctx, func(ctx context.Context, c *redis.Client) error {
		err := eachKey(ctx, c, func(keys []string) error {
			persistent, err := withoutExpiry(ctx, c, withoutKey(keys, claimKey))
			mu.Lock()
			defer mu.Unlock()
			leaked = append(leaked, persistent...)
			return err
		})
		if err != nil || len(e.servers) == 0 { // subscriptions are not per database: on a shared server they may belong to other tests
			return err
		}
		channels, err := subscriptions(ctx, c)
		mu.Lock()
		defer mu.Unlock()
		subscribed = append(subscribed, channels...)
		return err
	})
	if err != nil {
		e.t.Errorf("integration: check for leaks: %v", err)
	}
	if slices.Sort(leaked); len(leaked) > 0 {
		e.t.Errorf("integration: %d keys without an expiry remain, the first ones: %q", len(leaked), leaked[:min(20, len(leaked))])
	}
	if len(subscribed) > 0 {
		e.t.Errorf("integration: subscriptions remain: %q", subscribed)
	}
}

// withoutExpiry returns the keys that never expire.
func withoutExpiry(ctx context.Context, c *redis.Client, keys []string) ([]string, error) {
	ttls := make([]*redis.DurationCmd, len(keys))
	_, err := c.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, k := range keys {
			ttls[i] = p.PTTL(ctx, k)
		}
		return nil
	})
	var persistent []string
	for i, k := range keys {
		if ttls[i].Val() == -1 { // -1 means no expiry; go-redis does not scale it to ms
			persistent = append(persistent, k)
		}
	}
	return persistent, err
}

// subscriptions returns the channels that have subscribers, and "patterns" if there are
// pattern subscriptions.
func subscriptions(ctx context.Context, c *redis.Client) ([]string, error) {
	channels, err := c.PubSubChannels(ctx, "*").Result()
	if err != nil {
		return nil, err
	}
	sharded, err := c.PubSubShardChannels(ctx, "*").Result()
	if err != nil {
		sharded = nil // a server older than 7.0 has no sharded channels
	}
	patterns, err := c.PubSubNumPat(ctx).Result()
	if patterns > 0 {
		channels = append(channels, "patterns")
	}
	return append(withoutKey(channels, "__sentinel__:hello"), sharded...), err // sentinels use that channel
}
