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
	own  *conn.Client // nil while there is none
	made time.Time    // when own was made
}

// client returns the client of the connection. It is a clone without retries, or the user's
// client itself if that is of another type.
func (d *dedicated) client() redis.Cmdable {
	if d.own != nil && conn.Expired(d.loop.node, d.made) {
		d.close()
	}
	if d.own != nil {
		return d.own
	}
	if d.loop.node == nil {
		return d.loop.w.shared.Redis
	}
	d.own, d.made = conn.NewClient(d.loop.node, d.loop.patience, drainTime), time.Now()
	return d.own
}

func (d *dedicated) close() {
	if d.own != nil {
		_ = d.own.Close() // nothing is in flight
		d.own = nil
	}
}
