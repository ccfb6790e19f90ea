package main

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// Completion looks at a part of the keys of a large server, so that nobody waits
// for it, the server least of all.
const (
	scanPage   = 1000                  // keys that the server looks at in one go
	scanEnough = 100                   // candidates
	scanTime   = 25 * time.Millisecond // in which pages are asked for
	scanWait   = 45 * time.Millisecond // for the answer of the last one
)

// keysLike returns keys that begin with prefix, sorted: of those that a few pages of SCAN
// show. On a cluster every master is asked. Errors, and an answer that takes longer than wait,
// are no candidates.
func keysLike(ctx context.Context, rdb redis.UniversalClient, prefix string, wait time.Duration) []string {
	found := make(chan []string, 1)
	go func() { found <- scanAll(ctx, rdb, literally(prefix)+"*") }()
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

// scan asks for pages until there are keys enough, or the time is over.
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

// literally is a pattern that matches a text alone.
func literally(text string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`, "]", `\]`).Replace(text)
}
