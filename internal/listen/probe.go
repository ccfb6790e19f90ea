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
	probeLimit = 5 * time.Second // time limit for a probe
)

// probe checks whether published messages arrive on a connection. It publishes to the private
// channel of the connection through the client, as other publishers do. Only the manager's
// goroutine uses it.
type probe struct {
	timer       *time.Timer
	arrived     chan struct{} // from the reader: the probe arrived; holds one
	inFlight    bool          // a probe is in flight
	sentAt      time.Time     // when it was sent
	urgent      bool          // after it was published, it must arrive within the limit of confirmTimer
	published   bool          // the server has published it
	lastArrival time.Time     // when the last probe arrived
	publishDone chan struct{} // from the sender: the probe was published; holds one
	usePing     atomic.Bool   // the user may not publish: send PING on the connection instead

	blocked       *atomic.Int64 // time that the reader has spent waiting for subscribers
	blockedBefore int64         // blocked when the probe was sent
}

func newProbe(spent *atomic.Int64) *probe {
	return &probe{timer: time.NewTimer(probeTime), arrived: make(chan struct{}, 1), publishDone: make(chan struct{}, 1), blocked: spent}
}

func (p *probe) recordArrival() {
	p.inFlight, p.urgent, p.published, p.lastArrival = false, false, false, time.Now()
	p.timer.Reset(probeTime)
}

// start sends a probe in a new goroutine.
func (p *probe) start(ctx context.Context, c *conn) {
	p.inFlight, p.sentAt, p.blockedBefore = true, time.Now(), p.blocked.Load()
	select {
	case <-p.publishDone: // from the previous probe
	default:
	}
	p.timer.Reset(probeLimit)
	go p.send(ctx, c)
}

// expedite sends a probe, unless one is in flight, and shortens its time limit once the
// server has published it: the server then works, and the probe must arrive on the
// connection.
func (p *probe) expedite(ctx context.Context, c *conn) {
	if p.urgent {
		return
	}
	if !p.inFlight {
		p.start(ctx, c)
	}
	p.urgent = true
	if p.published {
		p.timer.Reset(c.confirmTimer.limit)
	}
}

// recordPublished records that the server has published the probe.
func (p *probe) recordPublished(c *conn) {
	p.published = true
	if p.urgent {
		p.timer.Reset(c.confirmTimer.limit)
	}
}

// timerFired is called when the timer fires. It sends a probe, or reports false if the probe
// in flight did not arrive in time. Time that the reader spent waiting for slow subscribers
// does not count.
func (p *probe) timerFired(ctx context.Context, c *conn) bool {
	if !p.inFlight {
		p.start(ctx, c)
		return true
	}
	if left := probeLimit - time.Since(p.sentAt); p.urgent && left > 0 && c.silent(p.sentAt) < c.confirmTimer.limit {
		p.urgent = false // other messages may precede it
		p.timer.Reset(left)
		return true
	}
	if waited := p.blocked.Load() - p.blockedBefore; waited > 0 {
		p.blockedBefore += waited
		p.timer.Reset(time.Duration(waited))
		return true
	}
	return false
}

func (p *probe) send(ctx context.Context, c *conn) {
	if p.usePing.Load() {
		_ = c.ps.Ping(canceled) // only the reply matters
		return
	}
	name := "publish"
	if c.manager.endpoint.shard {
		name = "spublish"
	}
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	cmd := redis.NewIntCmd(ctx, name, c.private, "probe")
	cmd.SetFirstKeyPos(1) // on a cluster, to the node that publishes the messages
	err := send.CatchHookPanic(func() error { return c.manager.listener.shared.Sender.Write(ctx, cmd) })
	switch {
	case err == nil:
		signal(p.publishDone)
	case errors.Is(err, send.ErrDenied), errors.Is(err, send.ErrNotSupported):
		p.usePing.Store(true)
		fallthrough
	case errors.Is(err, redis.ErrPoolTimeout), errors.Is(err, send.ErrHookPanic):
		_ = c.ps.Ping(canceled) // the error does not concern the connection
	}
}
