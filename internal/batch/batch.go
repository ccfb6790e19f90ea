package batch

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// sent is what callers see of the batch that has their call. The Batcher's lock guards it.
type sent struct {
	waiting int  // callers that have not abandoned their call
	over    bool // the replies are being delivered
}

// batch is the calls that a worker sends together. Its slices are reused.
type batch struct {
	sent   *sent
	calls  []*Call // in the order of the groups, after divide
	groups []group
	cmds   []redis.Cmder

	order []*Call
	index map[groupKey]int
}

// group is the calls that one command carries.
type group struct {
	calls []*Call
	n     int
}

type groupKey struct {
	merger *Merger
	key    string
	class  int64
}

func keyOf(c *Call) groupKey { return groupKey{c.Merger, c.Key, c.Class} }

// send sends the calls and takes their replies.
func (b *batch) send(transport Transport) {
	b.divide()
	ctx := b.context()
	b.exchange(ctx, transport)
	if b.split() {
		b.exchange(ctx, transport)
	}
}

// context returns the context of the batch. It has the values of the first call's context,
// for hooks and spans, but not its end, since other callers share the batch. A call that is
// alone keeps its own context, which can end while the call waits for a connection.
func (b *batch) context() context.Context {
	ctx := b.calls[0].ctx
	if len(b.calls) == 1 || ctx.Done() == nil {
		return ctx
	}
	return context.WithoutCancel(ctx)
}

// exchange sends one command for each group.
func (b *batch) exchange(ctx context.Context, transport Transport) {
	b.cmds = b.cmds[:0]
	for _, g := range b.groups {
		b.cmds = append(b.cmds, g.calls[0].Merger.Command(ctx, g.calls))
	}
	transport(ctx, b.cmds)
	for i, g := range b.groups {
		err := b.cmds[i].Err()
		for _, c := range g.calls {
			c.Err = err
		}
		if err == nil {
			g.calls[0].Merger.Share(b.cmds[i], g.calls)
		}
	}
}

// split keeps only the calls of merged commands that were refused although some of their
// calls might succeed alone. Each becomes a group. It reports whether there are any.
func (b *batch) split() bool {
	var refused []group
	for _, g := range b.groups {
		split := g.calls[0].Merger.Split
		if len(g.calls) > 1 && split != nil && g.calls[0].Err != nil && split(g.calls[0].Err) {
			for i := range g.calls {
				refused = append(refused, group{calls: g.calls[i : i+1]})
			}
		}
	}
	if refused == nil {
		return false
	}
	b.groups = refused
	return true
}

// divide sorts the calls into groups. Groups, and the calls of a group, keep the order in
// which the calls arrived.
func (b *batch) divide() {
	b.groups = b.groups[:0]
	for i, c := range b.calls {
		if i > 0 && c.Merger.Merges && keyOf(b.calls[i-1]) == keyOf(c) {
			c.group = b.calls[i-1].group
		} else {
			c.group = b.find(c)
		}
		b.groups[c.group].n++
	}
	clear(b.index)
	if n := len(b.groups); n > 1 && n < len(b.calls) {
		b.sort()
	}
	rest := b.calls
	for i := range b.groups {
		g := &b.groups[i]
		g.calls, rest = rest[:g.n], rest[g.n:]
	}
}

// find returns the group of a call whose predecessor is in another group.
func (b *batch) find(c *Call) int {
	n := len(b.groups)
	if c.Merger.Merges {
		key := keyOf(c)
		if i, ok := b.index[key]; ok {
			return i
		}
		b.index[key] = n
	}
	b.groups = append(b.groups, group{})
	return n
}

// sort puts the calls into the order of their groups.
func (b *batch) sort() {
	b.order = append(b.order[:0], b.calls...)
	next := 0
	for i := range b.groups { // n becomes the position of the group's next call
		b.groups[i].n, next = next, next+b.groups[i].n
	}
	for _, c := range b.order {
		g := &b.groups[c.group]
		b.calls[g.n] = c
		g.n++
	}
	start := 0
	for i := range b.groups { // n becomes the number of calls again
		g := &b.groups[i]
		g.n, start = g.n-start, g.n
	}
}

// reset drops the calls. They belong to their callers now.
func (b *batch) reset() {
	clear(b.calls)
	clear(b.order)
	clear(b.cmds)
	clear(b.groups)
	b.calls, b.order, b.cmds, b.groups = b.calls[:0], b.order[:0], b.cmds[:0], b.groups[:0]
	b.sent = nil
}
