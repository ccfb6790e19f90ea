package integration

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/channel"
	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/counter"
	"github.com/desir-go/desir/internal/redistest"
)

// load calls objects in many slots and notes what was acknowledged.
type load struct {
	stop    func()
	done    atomic.Int64 // calls that were acknowledged
	maybe   atomic.Int64 // ErrMaybeRan
	refused atomic.Int64 // any other error
	longest atomic.Int64 // between two successes of one worker, in ns
	by      [workers]atomic.Int64

	mu   sync.Mutex
	maps map[string]int          // what was set last, by name
	open map[string]map[int]bool // what may have been set since, by name
	took map[string]int          // numbers given out, by the counter's name and the number
	sent map[string]bool
	got  map[string]int
}

const workers = 8

func startLoad(t *testing.T, rdb redis.UniversalClient) *load {
	ctx, cancel := context.WithCancel(ctx)
	receiving, hangUp := context.WithCancel(context.Background())
	l := &load{
		maps: map[string]int{}, open: map[string]map[int]bool{}, took: map[string]int{},
		sent: map[string]bool{}, got: map[string]int{},
	}
	var group, receivers sync.WaitGroup
	for w := range workers {
		group.Go(func() { l.write(ctx, rdb, w) })
		c := channel.NewChan[string](rdb, fmt.Sprint("chan", w))
		receivers.Go(func() {
			for v, err := range c.All(receiving) {
				if err == nil {
					l.mu.Lock()
					l.got[v]++
					l.mu.Unlock()
				}
			}
		})
	}
	l.stop = sync.OnceFunc(func() {
		cancel()
		group.Wait()
		redistest.Eventually(t, 30*time.Second, func() bool {
			l.mu.Lock()
			defer l.mu.Unlock()
			for v := range l.sent {
				if l.got[v] == 0 {
					return false
				}
			}
			return true
		}, "every acknowledged value is received")
		hangUp()
		receivers.Wait()
	})
	t.Cleanup(func() { cancel(); hangUp(); group.Wait(); receivers.Wait() })
	return l
}

// write sets, counts and sends in turn until the context ends.
func (l *load) write(ctx context.Context, rdb redis.UniversalClient, w int) {
	name := fmt.Sprint("w", w)
	m := collections.NewMap[string, int](rdb, "map"+name)
	n := counter.New(rdb, "counter"+name)
	c := channel.NewChan[string](rdb, fmt.Sprint("chan", w))
	last := time.Now()
	for i := 1; ctx.Err() == nil; i++ {
		err := m.Set(ctx, "k", i)
		l.note(w, err, &last)
		l.mu.Lock()
		switch {
		case err == nil:
			l.maps[name], l.open[name] = i, map[int]bool{}
		case errors.Is(err, desir.ErrMaybeRan) && l.open[name] != nil:
			l.open[name][i] = true
		}
		l.mu.Unlock()
		number, err := n.Next(ctx)
		l.note(w, err, &last)
		if err == nil {
			l.mu.Lock()
			l.took[fmt.Sprint(name, "/", number)]++
			l.mu.Unlock()
		}
		v := fmt.Sprint(name, "/", i)
		err = c.Send(ctx, v)
		l.note(w, err, &last)
		if err == nil {
			l.mu.Lock()
			l.sent[v] = true
			l.mu.Unlock()
		}
	}
}

func (l *load) note(w int, err error, last *time.Time) {
	switch {
	case err == nil:
		l.done.Add(1)
		l.by[w].Add(1)
		took := int64(time.Since(*last))
		for old := l.longest.Load(); took > old && !l.longest.CompareAndSwap(old, took); old = l.longest.Load() {
		}
		*last = time.Now()
	case errors.Is(err, desir.ErrMaybeRan):
		l.maybe.Add(1)
	default:
		l.refused.Add(1)
	}
}

// each returns how many calls of each worker were acknowledged.
func (l *load) each() (n [workers]int64) {
	for w := range n {
		n[w] = l.by[w].Load()
	}
	return n
}

// verify looks for what was acknowledged.
func (l *load) verify(t *testing.T, rdb redis.UniversalClient) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for name, want := range l.maps {
		got, _, err := collections.NewMap[string, int](rdb, "map"+name).Get(ctx, "k")
		if err != nil || got != want && !l.open[name][got] {
			t.Errorf("the map of %s has %d, %v; want %d, or one of %v", name, got, err, want, l.open[name])
		}
	}
	for number, times := range l.took {
		if times != 1 {
			t.Errorf("number %s was given out %d times", number, times)
		}
	}
	for v, times := range l.got {
		if times != 1 {
			t.Errorf("value %s was received %d times", v, times)
		}
	}
	for v := range l.sent {
		if l.got[v] == 0 {
			t.Errorf("value %s was acknowledged and is lost", v)
		}
	}
}
