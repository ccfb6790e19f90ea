package redistest

import (
	"strings"
	"sync"
	"time"
)

// pairing assigns the replies of a connection to its requests.
type pairing struct {
	mu         sync.Mutex
	pending    []request // in the order of their replies
	subscribed bool
}

// request is the state of a request until its reply has arrived.
type request struct {
	fate     fate
	d        time.Duration
	kind     string // command name in lower case, for subscriptions only
	confirms int    // number of confirmations of a subscription; 0 for other commands
}

// asked appends a request. It reports whether earlier requests are pending.
func (p *pairing) asked(args []string, f fate, d time.Duration) (others bool) {
	r := request{fate: f, d: d}
	if kind := strings.ToLower(args[0]); subscription(kind) {
		r.kind, r.confirms = kind, max(1, len(args)-1)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pending = append(p.pending, r)
	p.subscribed = p.subscribed || r.confirms > 0
	return len(p.pending) > 1
}

// answered returns the request that a reply belongs to. For a push it returns no request.
// cutNext reports whether a rule cuts the connection at the next request.
func (p *pairing) answered(reply []byte) (r request, cutNext bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.pending) == 0 {
		return request{}, false
	}
	head := &p.pending[0]
	switch word := p.pushed(reply); {
	case word == "" && (head.confirms == 0 || reply[0] == '-' || reply[0] == '+'):
		r, head.confirms = *head, 0 // also a subscription that is refused, or queued in MULTI
	case word != "" && word == head.kind:
		r = *head
		head.fate = pass // a rule applies only to the first confirmation
		head.confirms--
	default:
		return request{}, false
	}
	if head.confirms == 0 {
		p.pending = p.pending[1:]
	}
	return r, len(p.pending) > 0 && p.pending[0].fate == cutRequest
}

// pushed returns the kind of a push, such as "message", "subscribe" or "invalidate". It
// returns "" for a reply. In RESP2 a push is an array, and only subscribers get it.
func (p *pairing) pushed(reply []byte) string {
	switch word := firstWord(reply); {
	case reply[0] == '>':
		return word
	case reply[0] == '*' && p.subscribed && (subscription(word) || strings.HasSuffix(word, "message")):
		return word
	}
	return ""
}

func subscription(name string) bool {
	switch name {
	case "subscribe", "psubscribe", "ssubscribe", "unsubscribe", "punsubscribe", "sunsubscribe":
		return true
	}
	return false
}
