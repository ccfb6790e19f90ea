package rpc

import "github.com/desir-go/desir/internal/conn"

// popped decodes the reply to a command that pops: calls from the list, or the poke.
type popped struct {
	key   string // of the list
	older bool   // the blocking command is BLPOP, which returns one call instead of a list
	calls []string
	poked bool
}

func (p *popped) reset(older bool) {
	clear(p.calls)
	p.calls, p.poked, p.older = p.calls[:0], false, older
}

// take decodes the reply to the blocking command: the key that was popped from, and the
// elements.
func (p *popped) take(answer *conn.Reply) {
	switch {
	case !p.takeKey(answer):
	case p.older:
		p.takeCall(answer)
	default:
		p.takeCalls(answer)
	}
}

// takeAll decodes the reply to LMPOP: always a list of elements.
func (p *popped) takeAll(answer *conn.Reply) {
	if p.takeKey(answer) {
		p.takeCalls(answer)
	}
}

// takeKey decodes the key, and reports whether it is the list's.
func (p *popped) takeKey(answer *conn.Reply) bool {
	answer.List() // of two elements
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

func (p *popped) takeCalls(answer *conn.Reply) {
	for n := answer.List(); n > 0 && answer.Err() == nil; n-- {
		p.takeCall(answer)
	}
}

func (p *popped) takeCall(answer *conn.Reply) {
	if call := answer.Text(); answer.Err() == nil {
		p.calls = append(p.calls, call)
	}
}
