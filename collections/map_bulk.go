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
	manyPairs   = 500       // the most pairs of one HSET in SetMany
	insertPairs = 250       // the most pairs of one HSET in Insert
	chunkBytes  = 256 << 10 // fields and values in one HSET, unless one pair alone is larger
	writers     = 2         // concurrent HSETs of Insert
)

// chunk collects the pairs of one HSET.
type chunk struct {
	fields []string
	bytes  int
}

func (c *chunk) add(field, value string) {
	if c.fields == nil {
		c.fields = make([]string, 0, 2*insertPairs)
	}
	c.fields = append(c.fields, field, value)
	c.bytes += len(field) + len(value)
}

func (c *chunk) pairs() int { return len(c.fields) / 2 }

func (c *chunk) full(pairs int) bool { return c.pairs() >= pairs || c.bytes >= chunkBytes }

// SetMany stores all entries.
//
// For up to 500 entries of up to 256 KiB in total, SetMany sends one HSET and is
// atomic. For more, it sends several HSETs, one after the other. Other callers may then
// see some of the entries, and after an error some of the entries may be stored. Each
// HSET is sent once. SetMany encodes all entries before it sends the first HSET.
func (m *Map[K, V]) SetMany(ctx context.Context, entries map[K]V) error {
	s, err := m.h.Sender()
	if err != nil {
		return m.h.Fail("SetMany", err)
	}
	chunks := []chunk{{}}
	for key, v := range entries {
		_, field, value, err := m.encodePair(key, v)
		if err != nil {
			return m.h.Fail("SetMany", err)
		}
		if chunks[len(chunks)-1].full(manyPairs) {
			chunks = append(chunks, chunk{})
		}
		chunks[len(chunks)-1].add(field, value)
	}
	for _, c := range chunks {
		if err := m.setChunk(ctx, s, c); err != nil {
			return m.h.Fail("SetMany", err)
		}
	}
	return nil
}

func (m *Map[K, V]) setChunk(ctx context.Context, s *send.Sender, c chunk) error {
	if c.pairs() == 0 {
		return nil
	}
	return s.Write(ctx, redis.NewIntCmd(ctx, send.Args("hset", m.h.Key, c.fields)...))
}

// Insert stores the pairs of a sequence of any length in bounded memory, and returns how
// many pairs the server acknowledged. It stops at the first error. Commands that are in
// flight at that moment may have been executed.
//
// Insert sends HSETs of 250 pairs or 256 KiB, with two in flight at a time. Each is
// atomic and sent once. If a key occurs twice, either value may remain.
func (m *Map[K, V]) Insert(ctx context.Context, pairs iter.Seq2[K, V]) (n int, err error) {
	s, err := m.h.Sender()
	if err != nil {
		return 0, m.h.Fail("Insert", err)
	}
	feedCtx, stop := newStopper(ctx)
	defer stop.withError(nil)
	var stored atomic.Int64
	var group sync.WaitGroup
	chunks := make(chan chunk)
	for range writers {
		group.Go(func() {
			defer stop.onPanic()
			for c := range chunks {
				if err := m.setChunk(ctx, s, c); err != nil {
					stop.withError(err)
					return
				}
				stored.Add(int64(c.pairs()))
			}
		})
	}
	func() {
		defer group.Wait()
		defer close(chunks) // also when the sequence panics
		if err := m.sendChunks(feedCtx, pairs, chunks); err != nil {
			stop.withError(unsent(err))
		}
	}()
	if stop.panicked != nil {
		panic(stop.panicked)
	}
	return int(stored.Load()), m.h.Fail("Insert", stop.err)
}

// stopper stops Insert at the first error and keeps that error. A later ErrMaybeRan
// replaces it.
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

func (s *stopper) withError(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil || errors.Is(err, desir.ErrMaybeRan) {
		s.err = err
	}
	s.cancel()
}

// onPanic recovers from a panic of a hook in a writer and stops Insert, which panics with
// the same value. Writers defer it.
func (s *stopper) onPanic() {
	p := recover()
	if p == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.panicked = p
	s.cancel()
}

// sendChunks divides the pairs into chunks until the pairs or ctx end.
func (m *Map[K, V]) sendChunks(ctx context.Context, pairs iter.Seq2[K, V], chunks chan<- chunk) error {
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
		_, field, value, err := m.encodePair(key, v)
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
