package collections_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/internal/redistest"
)

// BenchmarkMapTTL compares concurrent SetTTL, ExpireKey and TTLOf with Set. It needs a
// server with a time to live of hash fields.
func BenchmarkMapTTL(b *testing.B) {
	rdb := redistest.StartServer(b).Client(b)
	m := collections.NewMap[string, string](rdb, "m")
	keys := make([]string, 1000)
	for i := range keys {
		keys[i] = fmt.Sprint("key ", i)
		if err := m.SetTTL(ctx, keys[i], "value", time.Hour); err != nil {
			b.Skip(err)
		}
	}
	for _, call := range []struct {
		name string
		do   func(key string) error
	}{
		{"Set", func(key string) error { return m.Set(ctx, key, "value") }},
		{"SetTTL", func(key string) error { return m.SetTTL(ctx, key, "value", time.Hour) }},
		{"ExpireKey", func(key string) error { _, err := m.ExpireKey(ctx, time.Hour, key); return err }},
		{"TTLOf", func(key string) error { _, _, err := m.TTLOf(ctx, key); return err }},
	} {
		for _, callers := range []int{1, 16, 256} {
			b.Run(fmt.Sprintf("%s/%d", call.name, callers), func(b *testing.B) {
				var next atomic.Int64
				var group sync.WaitGroup
				for range callers {
					group.Go(func() {
						for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
							if err := call.do(keys[i%1000]); err != nil {
								b.Error(err)
								return
							}
						}
					})
				}
				group.Wait()
			})
		}
	}
}
