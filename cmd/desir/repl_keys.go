package main

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// Completion looks at some of the keys of a large server only, to keep the delay and the
// load of the server small.
const (
	scanPage   = 1000                  // keys that the server looks at per SCAN
	scanEnough = 100                   // maximum number of keys
	scanTime   = 25 * time.Millisecond // no page is requested after this time
	scanWait   = 45 * time.Millisecond // time limit for all pages
)

// keysLike returns keys that begin with prefix, sorted, from a few pages of SCAN. On a
// cluster it asks every master. On an error, or after the time wait, it returns none.
func keysLike(ctx context.Context, rdb redis.UniversalClient, prefix string, wait time.Duration) []string {
	found := make(chan []string, 1)
	go func() { found <- scanAll(ctx, rdb, escapePattern(prefix)+"*") }()
	select {
	case keys := <-found:
		slices.Sort(keys)
		keys = slices.Compact(keys)
		return keys[:min(len(keys), scanEnough)]
	case <-time.After(wait):
		return nil
	}
}

func scanAll(ctx context.Context, rdb redis.UniversalClient, pattern string) (keys []string) {
	cluster, ok := rdb.(*redis.ClusterClient)
	if !ok {
		return scan(ctx, rdb, pattern)
	}
	var mu sync.Mutex
	_ = cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error {
		some := scan(ctx, node, pattern)
		mu.Lock()
		defer mu.Unlock()
		keys = append(keys, some...)
		return nil
	})
	return keys
}

// scan requests pages until it has enough keys or the time is over.
func scan(ctx context.Context, rdb redis.Cmdable, pattern string) (keys []string) {
	var cursor uint64
	for began := time.Now(); ; {
		page, next, err := rdb.Scan(ctx, cursor, pattern, scanPage).Result()
		keys = append(keys, page...)
		if cursor = next; err != nil || cursor == 0 || len(keys) >= scanEnough || time.Since(began) > scanTime {
			return keys
		}
	}
}

// escapePattern returns a pattern that matches only text.
func escapePattern(text string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`, "]", `\]`).Replace(text)
}
