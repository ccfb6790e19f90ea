package worker

import "github.com/desir-go/desir/rpc/internal/resp"

// popReply decodes the reply to a command that pops: calls from the list, or a token
// from the poke key.
type popReply struct {
	key      string // of the list
	noBLMPop bool   // the blocking command is BLPOP, which returns one call instead of a list
	calls    []string
	poked    bool
}

func (p *popReply) reset(noBLMPop bool) {
	clear(p.calls)
	p.calls, p.poked, p.noBLMPop = p.calls[:0], false, noBLMPop
}

// decode decodes the reply to the blocking command: the key that was popped from, and the
// elements.
func (p *popReply) decode(reply *resp.Reply) {
	switch {
	case !p.decodeKey(reply):
	case p.noBLMPop:
		p.decodeCall(reply)
	default:
		p.decodeCalls(reply)
	}
}

// decodeLMPop decodes the reply to LMPOP: always a list of elements.
func (p *popReply) decodeLMPop(reply *resp.Reply) {
	if p.decodeKey(reply) {
		p.decodeCalls(reply)
	}
}

// decodeKey decodes the key, and reports whether it is the list's.
func (p *popReply) decodeKey(reply *resp.Reply) bool {
	reply.List() // of two elements
	switch key := reply.Text(); {
	case reply.Err() != nil:
		return false
	case key != p.key:
		p.poked = true
		reply.Skip()
		return false
	}
	return true
}

func (p *popReply) decodeCalls(reply *resp.Reply) {
	for n := reply.List(); n > 0 && reply.Err() == nil; n-- {
		p.decodeCall(reply)
	}
}

func (p *popReply) decodeCall(reply *resp.Reply) {
	if call := reply.Text(); reply.Err() == nil {
		p.calls = append(p.calls, call)
	}
}
