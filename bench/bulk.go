package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/collections"
)

const entries = 1_000_000 // entries of a bulk load or an iteration

// bulk returns the contests over a million entries. Their turns run to completion and
// ignore the time slice.
func (w *env) bulk() ([]contest, error) {
	r, err := w.rueidis(w.addr)
	if err != nil {
		return nil, err
	}
	m := collections.NewMap[string, string](w.client(), "million")
	other := w.client() // a concurrent user
	clearMap := func(ctx context.Context) error { return m.Clear(ctx) }
	load := func(ctx context.Context) (int, error) {
		return m.Insert(ctx, func(yield func(string, string) bool) {
			for i := range entries {
				if !yield(strconv.Itoa(i), text) {
					return
				}
			}
		})
	}
	full := func(ctx context.Context) error {
		n, err := m.Len(ctx)
		if err == nil && n < entries {
			_, err = load(ctx)
		}
		return err
	}
	insert := once(other, load)
	variadic := once(other, func(ctx context.Context) (int, error) {
		const each = 1000
		for at := 0; at < entries; at += each {
			cmd := r.B().Hset().Key("million").FieldValue()
			for i := range each {
				cmd = cmd.FieldValue(strconv.Itoa(at+i), text)
			}
			if err := r.Do(ctx, cmd.Build()).Error(); err != nil {
				return at, err
			}
		}
		return entries, nil
	})
	all := once(other, func(ctx context.Context) (n int, err error) {
		for _, err := range m.All(ctx) {
			if err != nil {
				return n, err
			}
			n++
		}
		return n, nil
	})
	scan := once(other, func(ctx context.Context) (n int, err error) {
		for cursor := uint64(0); ; {
			page, err := r.Do(ctx, r.B().Hscan().Key("million").Cursor(cursor).Count(1000).Build()).AsScanEntry()
			if err != nil {
				return n, err
			}
			n += len(page.Elements) / 2
			if cursor = page.Cursor; cursor == 0 {
				return n, nil
			}
		}
	})
	return []contest{
		{
			work: "Map.Insert of 1,000,000, the peer's HSET of 1000 each", callers: 1, spread: true, cleanUp: clearMap,
			desir: insert, peers: []peer{{rueidisName, "G12", 0.95, variadic}},
		},
		{
			work: "Map.All of 1,000,000, the peer's HSCAN COUNT 1000", callers: 1, spread: true, cleanUp: full,
			desir: all, peers: []peer{{rueidisName, "G13", 0.95, scan}},
		},
	}, nil
}

// once runs work once and measures its memory. While it runs, another client reads a key
// repeatedly.
func once(other *redis.Client, work func(ctx context.Context) (int, error)) runner {
	return func(ctx context.Context, _ time.Duration) (sample, error) {
		debug.FreeOSMemory()
		start := memory()
		ended := make(chan struct{})
		var watchers sync.WaitGroup
		peak := start
		watchers.Go(func() {
			for tick := time.NewTicker(5 * time.Millisecond); ; {
				select {
				case <-ended:
					tick.Stop()
					return
				case <-tick.C:
					peak = max(peak, memory())
				}
			}
		})
		var waits []time.Duration
		watchers.Go(func() {
			for tick := time.NewTicker(2 * time.Millisecond); ; {
				select {
				case <-ended:
					tick.Stop()
					return
				case <-tick.C:
					began := time.Now()
					_ = other.Get(ctx, "somebody else's").Err() // a miss
					waits = append(waits, time.Since(began))
				}
			}
		})
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began := time.Now()
		n, err := work(ctx)
		took := time.Since(began)
		runtime.ReadMemStats(&after)
		close(ended)
		watchers.Wait()
		if err == nil && n < entries {
			err = fmt.Errorf("%w: %d entries", errResult, n)
		}
		s := sample{rate: float64(n) / took.Seconds(), allocs: float64(after.Mallocs-before.Mallocs) / float64(max(n, 1))}
		if len(waits) > 0 {
			_, p99 := quantiles(waits)
			s.note = fmt.Sprintf("%d MiB over the start; another client's GET: p99 %.1f ms, longest %.1f ms",
				(peak-start)>>20, float64(p99.Microseconds())/1000, float64(slices.Max(waits).Microseconds())/1000)
		}
		return s, err
	}
}

// memory returns the memory that the process uses: heap, stacks and the runtime's own.
func memory() uint64 {
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(samples)
	return samples[0].Value.Uint64() - samples[1].Value.Uint64()
}
