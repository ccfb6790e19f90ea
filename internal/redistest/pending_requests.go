package redistest

import (
	"strings"
	"sync"
	"time"
)

// pendingRequests assigns the replies of a connection to its requests.
type pendingRequests struct {
	mu         sync.Mutex
	list       []pendingRequest // in the order of their replies
	subscribed bool
}

// pendingRequest is the state of a request until its reply has arrived.
type pendingRequest struct {
	action        action
	delay         time.Duration
	name          string // command name in lower case, for subscriptions only
	confirmations int    // number of confirmations of a subscription; 0 for other commands
}

// add appends a request. It reports whether earlier requests are pending.
func (p *pendingRequests) add(args []string, action action, d time.Duration) (pipelined bool) {
	r := pendingRequest{action: action, delay: d}
	if name := strings.ToLower(args[0]); isSubscription(name) {
		r.name, r.confirmations = name, max(1, len(args)-1)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.list = append(p.list, r)
	p.subscribed = p.subscribed || r.confirmations > 0
	return len(p.list) > 1
}

// requestOf returns the request that a reply belongs to. For a push it returns no
// request. cutNext reports whether a rule cuts the connection at the next request.
func (p *pendingRequests) requestOf(reply []byte) (r pendingRequest, cutNext bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.list) == 0 {
		return pendingRequest{}, false
	}
	first := &p.list[0]
	switch kind := p.pushKind(reply); {
	case kind == "" && (first.confirmations == 0 || reply[0] == '-' || reply[0] == '+'):
		r, first.confirmations = *first, 0 // also a subscription that is refused, or queued in MULTI
	case kind != "" && kind == first.name:
		r = *first
		first.action = forward // a rule applies only to the first confirmation
		first.confirmations--
	default:
		return pendingRequest{}, false
	}
	if first.confirmations == 0 {
		p.list = p.list[1:]
	}
	return r, len(p.list) > 0 && p.list[0].action == cutRequest
}

// pushKind returns the kind of a push, such as "message", "subscribe" or "invalidate". It
// returns "" for a reply. In RESP2 a push is an array, and only subscribers get it.
func (p *pendingRequests) pushKind(reply []byte) string {
	switch kind := firstElement(reply); {
	case reply[0] == '>':
		return kind
	case reply[0] == '*' && p.subscribed && (isSubscription(kind) || strings.HasSuffix(kind, "message")):
		return kind
	}
	return ""
}

func isSubscription(name string) bool {
	switch name {
	case "subscribe", "psubscribe", "ssubscribe", "unsubscribe", "punsubscribe", "sunsubscribe":
		return true
	}
	return false
}
