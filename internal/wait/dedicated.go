package wait

import (
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/conn"
)

// drainTime is how long the connection of a retired loop may be silent before its pending
// values count as lost.
const drainTime = time.Minute

// dedicated is the dedicated connection of a loop, which sends its takes. Only the loop's
// goroutine uses it.
type dedicated struct {
	loop *loop
	conn *conn.Client // nil while there is none
}

// client returns the client of the connection. It is a clone without retries, or the user's
// client itself if that is of another type.
func (d *dedicated) client() redis.Cmdable {
	if d.conn != nil && d.conn.Expired() {
		d.close()
	}
	if d.conn != nil {
		return d.conn
	}
	if d.loop.node == nil {
		return d.loop.waiter.shared.Redis
	}
	d.conn = conn.NewClient(d.loop.node, d.loop.maxSilence, drainTime)
	return d.conn
}

func (d *dedicated) close() {
	if d.conn != nil {
		_ = d.conn.Close() // nothing is in flight
		d.conn = nil
	}
}
