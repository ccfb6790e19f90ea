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
	probeTime  = 5 * time.Second // time from the arrival of a probe to the next probe
	answerTime = 5 * time.Second // time limit for a probe
)

// probe checks whether published messages arrive on a connection. It publishes to the private
// channel of the connection through the client, as other publishers do. Only the manager's
// goroutine uses it.
type probe struct {
	timer *time.Timer
	echo  chan struct{} // from the reader: the probe arrived; holds one
	asked bool          // a probe is in flight
	since time.Time     // when it was sent
	hasty bool          // after it was published, it must arrive within the limit of confirm
	acked bool          // the server has published it
	back  time.Time     // when the last probe arrived
	sent  chan struct{} // from the sender: the probe was published; holds one
	pings atomic.Bool   // the user may not publish: send PING on the connection instead

	spent *atomic.Int64 // time that the reader has spent waiting for subscribers
	then  int64         // spent when the probe was sent
}

func newProbe(spent *atomic.Int64) *probe {
	return &probe{timer: time.NewTimer(probeTime), echo: make(chan struct{}, 1), sent: make(chan struct{}, 1), spent: spent}
}

func (p *probe) answered() {
	p.asked, p.hasty, p.acked, p.back = false, false, false, time.Now()
	p.timer.Reset(probeTime)
}

// ask sends a probe in a new goroutine.
func (p *probe) ask(ctx context.Context, c *conn) {
	p.asked, p.since, p.then = true, time.Now(), p.spent.Load()
	select {
	case <-p.sent: // from the previous probe
	default:
	}
	p.timer.Reset(answerTime)
	go p.send(ctx, c)
}

// hurry sends a probe, unless one is in flight, and shortens its time limit once the server has
// published it: the server then works, and the probe must arrive on the connection.
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

// published records that the server has published the probe.
func (p *probe) published(c *conn) {
	p.acked = true
	if p.hasty {
		p.timer.Reset(c.confirm.limit)
	}
}

// due is called when the timer fires. It sends a probe, or reports false if the probe in flight
// did not arrive in time. Time that the reader spent waiting for slow subscribers does not
// count.
func (p *probe) due(ctx context.Context, c *conn) bool {
	if !p.asked {
		p.ask(ctx, c)
		return true
	}
	if left := answerTime - time.Since(p.since); p.hasty && left > 0 && c.silent(p.since) < c.confirm.limit {
		p.hasty = false // other messages may precede it
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
		_ = c.ps.Ping(ended) // only the reply matters
		return
	}
	word := "publish"
	if c.manager.endpoint.shard {
		word = "spublish"
	}
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	cmd := redis.NewIntCmd(ctx, word, c.private, "probe")
	cmd.SetFirstKeyPos(1) // on a cluster, to the node that publishes the messages
	err := send.CatchHookPanic(func() error { return c.manager.l.shared.Sender.Write(ctx, cmd) })
	switch {
	case err == nil:
		signal(p.sent)
	case errors.Is(err, send.ErrDenied), errors.Is(err, send.ErrNotSupported):
		p.pings.Store(true)
		fallthrough
	case errors.Is(err, redis.ErrPoolTimeout), errors.Is(err, send.ErrHookPanic):
		_ = c.ps.Ping(ended) // the error does not concern the connection
	}
}
