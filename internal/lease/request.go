package lease

import (
	"crypto/rand"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/desir-go/desir/internal/keys"
)

// Keys are the keys of a lock, all in one slot.
//
// If requests of different weights are served in the order in which their processes began to
// wait, those for more than 1 have a wake-up of their own, LargeWake. Otherwise LargeWake and
// Since are empty.
type Keys struct{ Leases, Meta, Waiting, Wake, LargeWake, Since string }

// KeysOf returns the keys of the lock called name. kind keeps locks of different kinds with
// one name apart: "lock", "sem", "rw", "leader". If fair is set, requests of different
// weights are served in the order in which their processes began to wait.
func KeysOf(name, kind string, fair bool) Keys {
	leases := keys.Part(name, kind)
	all := leases + ":meta" + leases + ":waiting" + leases + ":wake" // one allocation
	next := func(part string) (key string) {
		n := len(leases) + len(part)
		key, all = all[:n], all[n:]
		return key
	}
	k := Keys{Leases: leases, Meta: next(":meta"), Waiting: next(":waiting"), Wake: next(":wake")}
	if fair {
		k.LargeWake, k.Since = leases+":large", leases+":since"
	}
	return k
}

func (k Keys) all() []string {
	if k.Since == "" {
		return []string{k.Leases, k.Meta, k.Waiting, k.Wake}
	}
	return []string{k.Leases, k.Meta, k.Waiting, k.Wake, k.LargeWake, k.Since}
}

// Request describes a lease to acquire.
type Request struct {
	Keys     Keys
	Weight   int64 // what the lease takes of the capacity
	Capacity int64 // the most that all leases may take together
	TTL      time.Duration
	Owner    string // says to others who holds the lease
	Renew    bool   // keep the lease until it is released
	PassOn   bool   // a release passes it on inside the process; it takes the whole capacity
}

// MinTTL is the least TTL of a lease.
const MinTTL = time.Second

// margin is how long before its end a lease counts as lost.
func margin(ttl time.Duration) time.Duration { return max(100*time.Millisecond, ttl/10) }

// ids makes the IDs of one client's requests. They are unique among all processes.
type ids struct {
	prefix string
	last   atomic.Uint64
}

func newIDs() *ids { return &ids{prefix: rand.Text() + "."} }

func (n *ids) next() string { return n.prefix + strconv.FormatUint(n.last.Add(1), 36) }
