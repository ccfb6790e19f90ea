package rpc

import (
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/listen"
	"github.com/desir-go/desir/internal/send"
)

const (
	leaseTime     = 10 * time.Second // of a worker's incarnation
	checkInterval = 5 * time.Second  // between two checks of the workers
	inboxLife     = 5 * time.Minute
	listLife      = 24 * time.Hour
	pokeLife      = time.Minute
)

// service holds the keys of a service.
type service struct {
	calls, workers, about, alive, ended, cancel string
}

func serviceOf(name string) service {
	return service{
		calls:   name,
		workers: keys.Part(name, "workers"),
		about:   keys.Part(name, "about"),
		alive:   keys.Part(name, "alive"),
		ended:   keys.Part(name, "ended"),
		cancel:  keys.Part(name, "cancel"),
	}
}

func (s service) poke(id string) string { return keys.Part(s.calls, "poke:"+id) }

// cancelTransport returns how cancels are published: sharded on a cluster.
func cancelTransport(h *clients.Shared) (kind listen.Kind, command string) {
	if _, ok := h.Redis.(*redis.ClusterClient); ok {
		return listen.Shard, "spublish"
	}
	return listen.Channel, "publish"
}

// clock is the server's clock: its last known time, advanced by the local monotonic
// clock.
type clock struct {
	mu           sync.Mutex
	serverMillis int64 // server's time at the moment at, in ms
	at           time.Time
	known        bool
}

const clockMaxAge = 10 * time.Minute // then the time is read again

// set records the server's time. It was read just before.
func (c *clock) set(ms int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.serverMillis, c.at, c.known = ms, time.Now(), true
}

// isFresh reports whether the time is known and recent.
func (c *clock) isFresh() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.known && time.Since(c.at) < clockMaxAge
}

// toServer converts a local time to the server's time in ms.
func (c *clock) toServer(t time.Time) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.serverMillis + t.Sub(c.at).Milliseconds()
}

// toLocal converts a server's time in ms to a local time.
func (c *clock) toLocal(ms int64) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	const limit = int64(365 * 24 * time.Hour / time.Millisecond)
	return c.at.Add(time.Duration(min(max(ms-c.serverMillis, -limit), limit)) * time.Millisecond)
}

var errBadReply = send.ErrBadReply

// parseInts parses a reply of n integers, some of which are strings.
func parseInts(reply any, n int) ([]int64, error) {
	parts, ok := reply.([]any)
	if !ok || len(parts) != n {
		return nil, errBadReply
	}
	ints := make([]int64, n)
	for i, p := range parts {
		switch p := p.(type) {
		case int64:
			ints[i] = p
		case string:
			v, err := strconv.ParseInt(p, 10, 64)
			if err != nil {
				return nil, errBadReply
			}
			ints[i] = v
		default:
			return nil, errBadReply
		}
	}
	return ints, nil
}
