package wait

import (
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/link"
)

// drainTime is how long the connection of a loop that was given up may be silent before what
// it owes counts as lost.
const drainTime = time.Minute

// dedicated is the connection of a loop's own, over which its takes travel. The loop's
// goroutine has it.
type dedicated struct {
	loop *loop
	own  *link.Watched // nil while there is none
	made time.Time     // own
}

// client returns the client of the connection. It is a clone, without retries;
// a client of another type serves itself.
func (d *dedicated) client() redis.Cmdable {
	if d.own != nil && link.Outlived(d.loop.node, d.made) {
		d.close()
	}
	if d.own != nil {
		return d.own
	}
	if d.loop.node == nil {
		return d.loop.w.hub.Client
	}
	d.own, d.made = link.AloneWatched(d.loop.node, d.loop.patience, drainTime), time.Now()
	return d.own
}

func (d *dedicated) close() {
	if d.own != nil {
		_ = d.own.Close() // nothing is in flight
		d.own = nil
	}
}
