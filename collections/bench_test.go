package collections_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/collections"
	"github.com/desir-go/desir/internal/redistest"
)

// user is a struct of six fields.
type user struct {
	ID      int64
	Name    string
	Email   string
	Age     int
	Admin   bool
	Balance float64
}

var (
	ada  = user{ID: 4711, Name: "Ada Lovelace", Email: "ada@example.org", Age: 36, Admin: true, Balance: 12.5}
	text = "what a user wrote about pears"

	// Variables, because the compiler converts constants to interfaces in advance.
	name, field = "map", "ada"
)

// stored returns the bytes that a Map stores for a value.
func stored[T any](v T) string {
	typed, err := codec.Values[T](codec.Auto)
	if err != nil {
		panic(err)
	}
	b, err := typed.Append(nil, v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// memory returns a client whose connections reply to every command immediately with the
// same string, without a network. A benchmark with it measures the cost of the client
// alone.
func memory(t testing.TB, answer string) *redis.Client {
	t.Helper()
	reply := fmt.Appendf(nil, "$%d\r\n%s\r\n", len(answer), answer)
	rdb := redis.NewClient(&redis.Options{
		Dialer:                   func(context.Context, string, string) (net.Conn, error) { return &echo{reply: reply}, nil },
		Protocol:                 2,
		DisableIdentity:          true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
	t.Cleanup(func() { _ = rdb.Close() })
	return rdb
}

// echo is a connection that has a reply ready after each write.
type echo struct {
	net.Conn // nil; the client calls only the methods below
	mu       sync.Mutex
	reply    []byte
	pending  []byte
}

func (e *echo) Write(b []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.pending = e.reply
	if !bytes.Contains(b, []byte("hget")) {
		e.pending = []byte("-ERR unknown command\r\n") // HELLO
	}
	return len(b), nil
}

func (e *echo) Read(b []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := copy(b, e.pending)
	e.pending = e.pending[n:]
	return n, nil
}

func (*echo) Close() error                     { return nil }
func (*echo) SetDeadline(time.Time) error      { return nil }
func (*echo) SetReadDeadline(time.Time) error  { return nil }
func (*echo) SetWriteDeadline(time.Time) error { return nil }
func (*echo) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (*echo) LocalAddr() net.Addr              { return &net.TCPAddr{} }

// BenchmarkMapGet compares Map.Get with a plain HGET of the same client.
func BenchmarkMapGet(b *testing.B) {
	kinds := []struct {
		name string
		open func(b *testing.B, value string) redis.UniversalClient
	}{
		{"memory", func(b *testing.B, value string) redis.UniversalClient { return memory(b, value) }},
		{"redis-server", func(b *testing.B, value string) redis.UniversalClient {
			rdb := redistest.StartServer(b).Client(b)
			if err := rdb.HSet(ctx, name, field, value).Err(); err != nil {
				b.Fatal(err)
			}
			return rdb
		}},
	}
	for _, kind := range kinds {
		b.Run(kind.name, func(b *testing.B) {
			rdb := kind.open(b, text)
			b.Run("string/HGet", func(b *testing.B) { bareGet(b, rdb) })
			b.Run("string/Map", func(b *testing.B) { mapGet(b, collections.NewMap[string, string](rdb, name)) })
			cancelable, cancel := context.WithCancel(ctx)
			defer cancel()
			b.Run("string/Map with a context", func(b *testing.B) {
				m := collections.NewMap[string, string](rdb, name)
				b.ReportAllocs()
				for b.Loop() {
					if _, ok, err := m.Get(cancelable, field); !ok || err != nil {
						b.Fatal(ok, err)
					}
				}
			})
			rdb = kind.open(b, stored(ada))
			b.Run("struct/HGet", func(b *testing.B) { bareGet(b, rdb) })
			b.Run("struct/Map", func(b *testing.B) { mapGet(b, collections.NewMap[string, user](rdb, name)) })
		})
	}
}

func bareGet(b *testing.B, rdb redis.UniversalClient) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := rdb.HGet(ctx, name, field).Result(); err != nil {
			b.Fatal(err)
		}
	}
}

func mapGet[V any](b *testing.B, m *collections.Map[string, V]) {
	b.ReportAllocs()
	for b.Loop() {
		if _, ok, err := m.Get(ctx, field); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}

// TestAllocations limits the allocations of Get beyond the client's HGET: none for a
// string, and four for a struct of six fields, two of which are strings.
func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector takes buffers out of their pools")
	}
	added := func(value string, get func(rdb redis.UniversalClient) func()) float64 {
		rdb := memory(t, value)
		bare := testing.AllocsPerRun(1000, func() {
			if err := rdb.HGet(ctx, name, field).Err(); err != nil {
				t.Fatal(err)
			}
		})
		return testing.AllocsPerRun(1000, get(rdb)) - bare
	}
	n := added(text, func(rdb redis.UniversalClient) func() {
		m := collections.NewMap[string, string](rdb, name)
		return func() {
			if v, ok, err := m.Get(ctx, field); v != text || !ok || err != nil {
				t.Fatal(v, ok, err)
			}
		}
	})
	t.Logf("Map[string, string].Get adds %v allocations", n)
	if n > 0 {
		t.Errorf("Map[string, string].Get adds %v allocations, want 0", n)
	}
	n = added(stored(ada), func(rdb redis.UniversalClient) func() {
		m := collections.NewMap[string, user](rdb, name)
		return func() {
			if v, ok, err := m.Get(ctx, field); v != ada || !ok || err != nil {
				t.Fatal(v, ok, err)
			}
		}
	})
	t.Logf("Map[string, user].Get adds %v allocations", n)
	if n > 4 {
		t.Errorf("Map[string, user].Get adds %v allocations, want at most 4", n)
	}
}
