package listen

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/send"
)

const (
	probeTime  = 5 * time.Second // from one answer to the next probe
	answerTime = 5 * time.Second // that a probe may take
)

// probe finds out whether what is published arrives: it publishes to the
// connection's private channel, as anybody would. The link's goroutine has it.
type probe struct {
	timer *time.Timer
	echo  chan struct{} // from the reader: it came back; holds one
	asked bool
	pings atomic.Bool // publishing is not allowed: PING the connection instead

	spent *atomic.Int64 // what the reader has spent on waiting
	then  int64         // spent when the probe left
}

func newProbe(spent *atomic.Int64) *probe {
	return &probe{timer: time.NewTimer(probeTime), echo: make(chan struct{}, 1), spent: spent}
}

func (p *probe) answered() {
	p.asked = false
	p.timer.Reset(probeTime)
}

// due sends a probe, or reports false when one did not come back in time. The
// time that the reader waited for slow subscribers does not count.
func (p *probe) due(ctx context.Context, c *conn) bool {
	if !p.asked {
		p.asked, p.then = true, p.spent.Load()
		p.timer.Reset(answerTime)
		go p.send(ctx, c)
		return true
	}
	if waited := p.spent.Load() - p.then; waited > 0 {
		p.then += waited
		p.timer.Reset(time.Duration(waited))
		return true
	}
	return false
}

func (p *probe) send(ctx context.Context, c *conn) {
	if p.pings.Load() {
		_ = c.ps.Ping(ended) // the answer counts
		return
	}
	word := "publish"
	if c.link.place.shard {
		word = "spublish"
	}
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	cmd := redis.NewIntCmd(ctx, word, c.private, "probe")
	cmd.SetFirstKeyPos(1) // on a cluster the way of the messages
	err := send.Guard(func() error { return c.link.l.hub.Send.Write(ctx, cmd) })
	switch {
	case errors.Is(err, send.ErrDenied), errors.Is(err, send.ErrNotSupported):
		p.pings.Store(true)
		fallthrough
	case errors.Is(err, redis.ErrPoolTimeout), errors.Is(err, send.ErrHook): // says nothing about the connection
		_ = c.ps.Ping(ended)
	}
}
