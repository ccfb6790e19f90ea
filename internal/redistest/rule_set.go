package redistest

import (
	"strings"
	"sync"
	"time"
)

// action is what a rule does to a request.
type action int

const (
	forward action = iota
	cutRequest
	delayRequest
	holdRequest
	cutReply
	halfReply
	swallow
	delayReply
)

type rule struct {
	action action
	left   int // requests that it still applies to; negative for all
	match  Match
	delay  time.Duration
	held   *heldRequests // for holdRequest
}

// ruleSet holds the rules and counts, which are shared by all connections of a proxy.
type ruleSet struct {
	mu       sync.Mutex
	list     []*rule
	sliced   bool
	rate     int               // limit in bytes per second to each client; 0 for none
	names    map[string]string // see renameAddrs; never changed, only replaced
	counts   map[string]int
	counters []*matchCounter
	flowing  chan struct{} // closed while bytes flow
}

// heldRequests is the state of a holdRequest rule.
type heldRequests struct {
	count    int           // number of requests held so far; guarded by ruleSet.mu
	released chan struct{} // closed when the requests may be forwarded
}

type matchCounter struct {
	match Match
	count int
}

func newRuleSet() *ruleSet {
	r := &ruleSet{counts: map[string]int{}, flowing: make(chan struct{})}
	close(r.flowing)
	return r
}

func (r *ruleSet) add(action action, n int, d time.Duration, match Match) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, &rule{action: action, left: n, match: match, delay: d})
}

// apply returns what happens to a request. It uses up one application of the rule.
func (r *ruleSet) apply(args []string) (action, time.Duration, *heldRequests) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, rule := range r.list {
		if rule.left != 0 && rule.applies(args) {
			rule.left--
			if rule.held != nil {
				rule.held.count++
			}
			return rule.action, rule.delay, rule.held
		}
	}
	return forward, 0, nil
}

// applies reports whether the rule applies to the request. It does not apply to a request
// that sets up a connection if the match accepts the same arguments with any other
// command name.
func (r *rule) applies(args []string) bool {
	if !r.match(args) {
		return false
	}
	return !isConnSetup(args) || !r.match(append([]string{"\x00"}, args[1:]...))
}

func (r *ruleSet) reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list, r.sliced, r.rate = nil, false, 0
	r.setFlowing(true)
}

// countForwarded counts a request that is about to be forwarded.
func (r *ruleSet) countForwarded(args []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts[strings.ToLower(args[0])]++
	for _, c := range r.counters {
		if c.match(args) {
			c.count++
		}
	}
}

// setFlowing starts or stops the flow of bytes. The caller holds mu.
func (r *ruleSet) setFlowing(flow bool) {
	select {
	case <-r.flowing:
		if !flow {
			r.flowing = make(chan struct{})
		}
	default:
		if flow {
			close(r.flowing)
		}
	}
}

// flow returns a channel that is closed when bytes may flow.
func (r *ruleSet) flow() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.flowing
}

func (r *ruleSet) rename(reply []byte) []byte {
	r.mu.Lock()
	names := r.names
	r.mu.Unlock()
	return renameAddrs(reply, names)
}

// rateLimit returns the limit in bytes per second to each client, or 0 for none.
func (r *ruleSet) rateLimit() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.rate
}

func (r *ruleSet) slicing() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.sliced
}
