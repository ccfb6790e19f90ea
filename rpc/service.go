package rpc

import (
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/hub"
	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/listen"
	"github.com/desir-go/desir/internal/send"
)

const (
	lease     = 10 * time.Second // of an incarnation
	checkGap  = 5 * time.Second  // between two looks at what became of workers
	inboxLife = 5 * time.Minute
	listLife  = 24 * time.Hour
	pokeLife  = time.Minute
)

// service is the keys of a service; see the design page.
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

// published returns how cancels are published: sharded on a cluster.
func published(h *hub.Hub) (kind listen.Kind, command string) {
	if _, ok := h.Client.(*redis.ClusterClient); ok {
		return listen.Shard, "spublish"
	}
	return listen.Channel, "publish"
}

// clock is the server's clock as it was told last, carried on by this process' own.
type clock struct {
	mu    sync.Mutex
	told  int64 // ms
	at    time.Time
	known bool
}

const clockLife = 10 * time.Minute // after which a new word is wanted

// tell notes the server's word, asked for at or after a moment.
func (c *clock) tell(ms int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told, c.at, c.known = ms, time.Now(), true
}

// good reports whether the clock can be used.
func (c *clock) good() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.known && time.Since(c.at) < clockLife
}

// server returns the server's time, in ms, at a moment of this process.
func (c *clock) server(t time.Time) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.told + t.Sub(c.at).Milliseconds()
}

// local returns the moment of this process at a time of the server.
func (c *clock) local(ms int64) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	const most = int64(365 * 24 * time.Hour / time.Millisecond)
	return c.at.Add(time.Duration(min(max(ms-c.told, -most), most)) * time.Millisecond)
}

var errAnswer = send.ErrReply

// numbers reads an answer of numbers, some of which are texts.
func numbers(answer any, n int) ([]int64, error) {
	parts, ok := answer.([]any)
	if !ok || len(parts) != n {
		return nil, errAnswer
	}
	all := make([]int64, n)
	for i, p := range parts {
		switch p := p.(type) {
		case int64:
			all[i] = p
		case string:
			v, err := strconv.ParseInt(p, 10, 64)
			if err != nil {
				return nil, errAnswer
			}
			all[i] = v
		default:
			return nil, errAnswer
		}
	}
	return all, nil
}
