package integration

import (
	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/redistest"
)

// Recorder tells what a client sends: "Get is one HGET". It is safe for any
// number of goroutines.
type Recorder struct{ trips *redistest.Trips }

// Record listens to a client from now on. It cannot be taken away again, so
// give it a client of the test's own. What the client says to set up
// connections, subscriptions, and what goes over connections that the library makes
// beside it (whatever blocks: receivers, workers, reads of results) are not recorded.
func Record(rdb redis.UniversalClient) *Recorder {
	return &Recorder{redistest.CountTrips(rdb)}
}

// Commands returns the names of the commands, in order, in lower case.
func (r *Recorder) Commands() []string { return r.trips.Commands() }

// Trips returns the number of round trips: a pipeline is one, on a cluster one
// for each node.
func (r *Recorder) Trips() int { return r.trips.Count() }

// Reset forgets what was recorded.
func (r *Recorder) Reset() { r.trips.Reset() }
