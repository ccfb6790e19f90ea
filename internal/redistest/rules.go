package redistest

import (
	"strings"
	"sync"
	"time"
)

// fate is what a rule does to a request.
type fate int

const (
	pass fate = iota
	cutRequest
	delayRequest
	holdRequest
	cutReply
	halfReply
	swallow
	delayReply
)

type rule struct {
	fate  fate
	left  int // requests that it still applies to; negative for all
	match Match
	d     time.Duration
	held  *hold // for holdRequest
}

// rules are shared by all connections of a proxy.
type rules struct {
	mu       sync.Mutex
	list     []*rule
	sliced   bool
	rate     int               // limit in bytes per second to each client; 0 for none
	names    map[string]string // see rename; never changed, only replaced
	counts   map[string]int
	counters []*counter
	gate     chan struct{} // closed while bytes flow
}

// hold is the state of a holdRequest rule.
type hold struct {
	n        int           // number of requests held so far; guarded by rules.mu
	released chan struct{} // closed when the requests may be forwarded
}

type counter struct {
	match Match
	n     int
}

func newRules() *rules {
	r := &rules{counts: map[string]int{}, gate: make(chan struct{})}
	close(r.gate)
	return r
}

func (r *rules) add(f fate, n int, d time.Duration, match Match) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, &rule{fate: f, left: n, match: match, d: d})
}

// meet returns what happens to a request. It uses up one application of the rule.
func (r *rules) meet(args []string) (fate, time.Duration, *hold) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, x := range r.list {
		if x.left != 0 && x.means(args) {
			x.left--
			if x.held != nil {
				x.held.n++
			}
			return x.fate, x.d, x.held
		}
	}
	return pass, 0, nil
}

// means reports whether the rule applies to the request. It does not apply to a request
// that sets up a connection if the match accepts the same arguments with any other
// command name.
func (x *rule) means(args []string) bool {
	if !x.match(args) {
		return false
	}
	return !setsUp(args) || !x.match(append([]string{"\x00"}, args[1:]...))
}

func (r *rules) reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list, r.sliced, r.rate = nil, false, 0
	r.open(true)
}

// forwarded counts a request that is about to be forwarded.
func (r *rules) forwarded(args []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts[strings.ToLower(args[0])]++
	for _, c := range r.counters {
		if c.match(args) {
			c.n++
		}
	}
}

// open starts or stops the flow of bytes. The caller holds mu.
func (r *rules) open(flow bool) {
	select {
	case <-r.gate:
		if !flow {
			r.gate = make(chan struct{})
		}
	default:
		if flow {
			close(r.gate)
		}
	}
}

// flowing returns a channel that is closed when bytes may flow.
func (r *rules) flowing() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.gate
}

func (r *rules) renamed(reply []byte) []byte {
	r.mu.Lock()
	names := r.names
	r.mu.Unlock()
	return rename(reply, names)
}

// rated returns the limit in bytes per second to each client, or 0 for none.
func (r *rules) rated() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.rate
}

func (r *rules) slices() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.sliced
}
