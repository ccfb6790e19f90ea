package rpc

import "github.com/desir-go/desir/internal/link"

// popped is what a read has brought: calls from the list, or the poke.
type popped struct {
	key   string // of the list
	older bool   // the reply that blocks has one call, instead of a list
	calls []string
	poked bool
}

func (p *popped) reset(older bool) {
	clear(p.calls)
	p.calls, p.poked, p.older = p.calls[:0], false, older
}

// take reads the reply to what blocks: the key that something was popped from, and what.
func (p *popped) take(answer *link.Reply) {
	switch {
	case !p.takeKey(answer):
	case p.older:
		p.takeCall(answer)
	default:
		p.takeCalls(answer)
	}
}

// takeAll reads the same of what does not block: always a list.
func (p *popped) takeAll(answer *link.Reply) {
	if p.takeKey(answer) {
		p.takeCalls(answer)
	}
}

// takeKey reads the key, and reports whether it is the list's.
func (p *popped) takeKey(answer *link.Reply) bool {
	answer.List() // of two
	switch key := answer.Text(); {
	case answer.Err() != nil:
		return false
	case key != p.key:
		p.poked = true
		answer.Skip()
		return false
	}
	return true
}

func (p *popped) takeCalls(answer *link.Reply) {
	for n := answer.List(); n > 0 && answer.Err() == nil; n-- {
		p.takeCall(answer)
	}
}

func (p *popped) takeCall(answer *link.Reply) {
	if call := answer.Text(); answer.Err() == nil {
		p.calls = append(p.calls, call)
	}
}
