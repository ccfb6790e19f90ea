package integration

import (
	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/redistest"
)

// Recorder records the commands that a client sends. A test can check with it that an
// operation is, for example, a single HGET. It is safe for concurrent use.
type Recorder struct{ trips *redistest.Trips }

// Record adds a recorder to a client. It cannot be removed, so pass a client that only
// this test uses. These commands are not recorded:
//
//   - commands that set up a connection
//   - subscriptions
//   - commands on dedicated connections of the library: those of channel receivers, of RPC
//     workers, and of reads of RPC results
func Record(rdb redis.UniversalClient) *Recorder {
	return &Recorder{redistest.CountTrips(rdb)}
}

// Commands returns the names of the commands, in order, in lower case.
func (r *Recorder) Commands() []string { return r.trips.Commands() }

// Trips returns the number of round trips. A pipeline is one round trip, or one for each
// node on a cluster.
func (r *Recorder) Trips() int { return r.trips.Count() }

// Reset removes everything recorded so far.
func (r *Recorder) Reset() { r.trips.Reset() }
