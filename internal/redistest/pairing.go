package redistest

import (
	"strings"
	"sync"
	"time"
)

// pairing knows which reply on a connection belongs to which request.
type pairing struct {
	mu         sync.Mutex
	pending    []request // in the order in which their replies come
	subscribed bool
}

// request is what the way back has to know about a request.
type request struct {
	fate     fate
	d        time.Duration
	kind     string // of a subscription, in lower case
	confirms int    // how often the server confirms it; 0 for anything else
}

// asked notes a request. It reports whether others are ahead of it.
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

// answered finds the request that a reply belongs to, none for what the server
// pushed, and tells whether the request after it is one to cut at.
func (p *pairing) answered(reply []byte) (r request, cutNext bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.pending) == 0 {
		return request{}, false
	}
	head := &p.pending[0]
	switch word := p.pushed(reply); {
	case word == "" && (head.confirms == 0 || reply[0] == '-' || reply[0] == '+'):
		r, head.confirms = *head, 0 // a subscription is refused, or queued in MULTI
	case word != "" && word == head.kind:
		r = *head
		head.fate = pass // a rule is for the first confirmation
		head.confirms--
	default:
		return request{}, false
	}
	if head.confirms == 0 {
		p.pending = p.pending[1:]
	}
	return r, len(p.pending) > 0 && p.pending[0].fate == cutRequest
}

// pushed returns the kind of a push ("message", "subscribe", "invalidate"), or
// "" for a reply. RESP2 pushes arrays, but to subscribers only.
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
