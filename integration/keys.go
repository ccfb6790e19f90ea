package integration

import (
	"context"
	"slices"

	"github.com/redis/go-redis/v9"
)

// eachKey calls f with the keys of a database, about 500 per call.
func eachKey(ctx context.Context, c *redis.Client, f func(keys []string) error) error {
	for cursor := uint64(0); ; {
		keys, next, err := c.Scan(ctx, cursor, "*", 500).Result()
		if err != nil {
			return err
		}
		if err := f(keys); err != nil {
			return err
		}
		if cursor = next; cursor == 0 {
			return nil
		}
	}
}

// eachMaster calls f for each master, with a client that has no hooks of the test.
func (e *Env) eachMaster(ctx context.Context, f func(context.Context, *redis.Client) error) error {
	c := e.dial()
	defer c.Close()
	if cluster, ok := c.(*redis.ClusterClient); ok {
		return cluster.ForEachMaster(ctx, f)
	}
	return f(ctx, c.(*redis.Client))
}

func withoutKey(keys []string, key string) []string {
	return slices.DeleteFunc(keys, func(k string) bool { return k == key })
}
