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
	since time.Time     // it was asked
	hasty bool          // it is to come back soon after it was published
	acked bool          // it was published
	back  time.Time     // when the last one came back
	sent  chan struct{} // from the sender: it was published; holds one
	pings atomic.Bool   // publishing is not allowed: PING the connection instead

	spent *atomic.Int64 // what the reader has spent on waiting
	then  int64         // spent when the probe left
}

func newProbe(spent *atomic.Int64) *probe {
	return &probe{timer: time.NewTimer(probeTime), echo: make(chan struct{}, 1), sent: make(chan struct{}, 1), spent: spent}
}

func (p *probe) answered() {
	p.asked, p.hasty, p.acked, p.back = false, false, false, time.Now()
	p.timer.Reset(probeTime)
}

// ask sends a probe.
func (p *probe) ask(ctx context.Context, c *conn) {
	p.asked, p.since, p.then = true, time.Now(), p.spent.Load()
	select {
	case <-p.sent: // of the one before
	default:
	}
	p.timer.Reset(answerTime)
	go p.send(ctx, c)
}

// hurry sends a probe, unless one is out, and gives it less time once it was published: then
// the server lives, and the connection has to bring it.
func (p *probe) hurry(ctx context.Context, c *conn) {
	if p.hasty {
		return
	}
	if !p.asked {
		p.ask(ctx, c)
	}
	p.hasty = true
	if p.acked {
		p.timer.Reset(c.confirm.limit)
	}
}

// published notes that the server has published a probe.
func (p *probe) published(c *conn) {
	p.acked = true
	if p.hasty {
		p.timer.Reset(c.confirm.limit)
	}
}

// due sends a probe, or reports false when one did not come back in time. The
// time that the reader waited for slow subscribers does not count.
func (p *probe) due(ctx context.Context, c *conn) bool {
	if !p.asked {
		p.ask(ctx, c)
		return true
	}
	if left := answerTime - time.Since(p.since); p.hasty && left > 0 && c.silent(p.since) < c.confirm.limit {
		p.hasty = false // it may be behind other messages
		p.timer.Reset(left)
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
	case err == nil:
		signal(p.sent)
	case errors.Is(err, send.ErrDenied), errors.Is(err, send.ErrNotSupported):
		p.pings.Store(true)
		fallthrough
	case errors.Is(err, redis.ErrPoolTimeout), errors.Is(err, send.ErrHook): // says nothing about the connection
		_ = c.ps.Ping(ended)
	}
}
