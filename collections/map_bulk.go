package collections

import (
	"context"
	"errors"
	"iter"
	"sync"
	"sync/atomic"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/send"
)

const (
	manyPairs   = 500       // of one HSET in SetMany
	insertPairs = 250       // of one HSET in Insert
	chunkBytes  = 256 << 10 // of fields and values in one HSET, unless one pair alone is larger
	writers     = 2         // of Insert: one encodes on the way while the other waits
)

// chunk gathers the pairs of one HSET.
type chunk struct {
	words []string
	bytes int
}

func (c *chunk) add(field, value string) {
	if c.words == nil {
		c.words = make([]string, 0, 2*insertPairs)
	}
	c.words = append(c.words, field, value)
	c.bytes += len(field) + len(value)
}

func (c *chunk) pairs() int { return len(c.words) / 2 }

func (c *chunk) full(pairs int) bool { return c.pairs() >= pairs || c.bytes >= chunkBytes }

// SetMany stores all entries.
//
// One HSET, atomic, for up to 500 entries of up to 256 KiB together; more
// leave in as many commands one after the other, so others may see a part, and
// after an error a part may be stored. Each is sent once. All entries are
// encoded before the first is sent.
func (m *Map[K, V]) SetMany(ctx context.Context, entries map[K]V) error {
	s, err := m.h.Send()
	if err != nil {
		return m.fail("SetMany", err)
	}
	chunks := []chunk{{}}
	for key, v := range entries {
		_, field, value, err := m.pair(key, v)
		if err != nil {
			return m.fail("SetMany", err)
		}
		if chunks[len(chunks)-1].full(manyPairs) {
			chunks = append(chunks, chunk{})
		}
		chunks[len(chunks)-1].add(field, value)
	}
	for _, c := range chunks {
		if err := m.setChunk(ctx, s, c); err != nil {
			return m.fail("SetMany", err)
		}
	}
	return nil
}

func (m *Map[K, V]) setChunk(ctx context.Context, s *send.Sender, c chunk) error {
	if c.pairs() == 0 {
		return nil
	}
	return s.Write(ctx, redis.NewIntCmd(ctx, send.Args("hset", m.h.Key, c.words)...))
}

// Insert stores the pairs of a sequence of any length in bounded memory and
// returns how many pairs the server acknowledged. It stops at the first error;
// commands under way at that moment may have been executed.
//
// HSETs of 250 pairs or 256 KiB, two under way at a time, each atomic and sent
// once. When a key comes twice, either value may remain.
func (m *Map[K, V]) Insert(ctx context.Context, pairs iter.Seq2[K, V]) (n int, err error) {
	s, err := m.h.Send()
	if err != nil {
		return 0, m.fail("Insert", err)
	}
	feeding, stop := newStopper(ctx)
	defer stop.now(nil)
	var stored atomic.Int64
	var group sync.WaitGroup
	chunks := make(chan chunk)
	for range writers {
		group.Go(func() {
			defer stop.caught()
			for c := range chunks {
				if err := m.setChunk(ctx, s, c); err != nil {
					stop.now(err)
					return
				}
				stored.Add(int64(c.pairs()))
			}
		})
	}
	func() {
		defer group.Wait()
		defer close(chunks) // also when the sequence panics
		if err := m.feed(feeding, pairs, chunks); err != nil {
			stop.now(unsent(err))
		}
	}()
	if stop.panicked != nil {
		panic(stop.panicked)
	}
	return int(stored.Load()), m.fail("Insert", stop.err)
}

// stopper ends the feeding of writers at the first error, and keeps it, unless
// a later one says that something may have been executed.
type stopper struct {
	mu       sync.Mutex
	cancel   context.CancelFunc
	err      error
	panicked any
}

func newStopper(ctx context.Context) (context.Context, *stopper) {
	ctx, cancel := context.WithCancel(ctx)
	return ctx, &stopper{cancel: cancel}
}

func (s *stopper) now(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil || errors.Is(err, desir.ErrMaybeRan) {
		s.err = err
	}
	s.cancel()
}

// caught, deferred by a writer, stops at a panic of a hook, which goes on in the caller.
func (s *stopper) caught() {
	p := recover()
	if p == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.panicked = p
	s.cancel()
}

// feed cuts the pairs into chunks until they end, or ctx does.
func (m *Map[K, V]) feed(ctx context.Context, pairs iter.Seq2[K, V], chunks chan<- chunk) error {
	var c chunk
	give := func() error {
		select {
		case chunks <- c:
			c = chunk{}
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for key, v := range pairs {
		_, field, value, err := m.pair(key, v)
		if err != nil {
			return err
		}
		c.add(field, value)
		if !c.full(insertPairs) {
			continue
		}
		if err := give(); err != nil {
			return err
		}
	}
	if c.pairs() == 0 {
		return nil
	}
	return give()
}
