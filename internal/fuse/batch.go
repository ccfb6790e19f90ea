package fuse

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// batch is what leaves together, as the callers that leave it see it. Both
// fields are guarded by the combiner's lock.
type batch struct {
	waiting int  // callers that have not left
	over    bool // the answers are on their way to the callers
}

// load is what a worker has in hand; its slices are used again and again.
type load struct {
	batch  *batch
	calls  []*Call // in the order of the groups, once divided
	groups []group
	cmds   []redis.Cmder

	order []*Call
	index map[groupKey]int
}

// group is the calls of one command.
type group struct {
	calls []*Call
	n     int
}

type groupKey struct {
	kind  *Kind
	key   string
	class int64
}

func keyOf(c *Call) groupKey { return groupKey{c.Kind, c.Key, c.Class} }

// send brings the calls to the server and takes their answers.
func (l *load) send(transport Transport) {
	l.divide()
	ctx := l.context()
	l.exchange(ctx, transport)
	if l.apart() {
		l.exchange(ctx, transport)
	}
}

// context returns what the batch runs under: the values of its first caller's
// context, for hooks and spans, without its end, since others share the batch.
// A call that shares nothing keeps its own, and ends while it waits for a
// connection.
func (l *load) context() context.Context {
	ctx := l.calls[0].ctx
	if len(l.calls) == 1 || ctx.Done() == nil {
		return ctx
	}
	return context.WithoutCancel(ctx)
}

// exchange sends one command for each group.
func (l *load) exchange(ctx context.Context, transport Transport) {
	l.cmds = l.cmds[:0]
	for _, g := range l.groups {
		l.cmds = append(l.cmds, g.calls[0].Kind.Command(ctx, g.calls))
	}
	transport(ctx, l.cmds)
	for i, g := range l.groups {
		err := l.cmds[i].Err()
		for _, c := range g.calls {
			c.Err = err
		}
		if err == nil {
			g.calls[0].Kind.Answer(l.cmds[i], g.calls)
		}
	}
}

// apart leaves in hand, each as a group of its own, the calls of groups that
// were refused although some of them might not have been.
func (l *load) apart() bool {
	var refused []group
	for _, g := range l.groups {
		if apart := g.calls[0].Kind.Apart; len(g.calls) > 1 && apart != nil && g.calls[0].Err != nil && apart(g.calls[0].Err) {
			for i := range g.calls {
				refused = append(refused, group{calls: g.calls[i : i+1]})
			}
		}
	}
	if refused == nil {
		return false
	}
	l.groups = refused
	return true
}

// divide sorts the calls into groups. Both the groups and the calls of each
// stay in the order in which they came.
func (l *load) divide() {
	l.groups = l.groups[:0]
	for i, c := range l.calls {
		if i > 0 && c.Kind.Joins && keyOf(l.calls[i-1]) == keyOf(c) {
			c.group = l.calls[i-1].group
		} else {
			c.group = l.find(c)
		}
		l.groups[c.group].n++
	}
	clear(l.index)
	if n := len(l.groups); n > 1 && n < len(l.calls) {
		l.sort()
	}
	rest := l.calls
	for i := range l.groups {
		g := &l.groups[i]
		g.calls, rest = rest[:g.n], rest[g.n:]
	}
}

// find returns the group of a call that does not follow one of its own.
func (l *load) find(c *Call) int {
	n := len(l.groups)
	if c.Kind.Joins {
		at := keyOf(c)
		if i, ok := l.index[at]; ok {
			return i
		}
		l.index[at] = n
	}
	l.groups = append(l.groups, group{})
	return n
}

// sort brings the calls into the order of their groups.
func (l *load) sort() {
	l.order = append(l.order[:0], l.calls...)
	next := 0
	for i := range l.groups { // n becomes the place of the group's next call
		l.groups[i].n, next = next, next+l.groups[i].n
	}
	for _, c := range l.order {
		g := &l.groups[c.group]
		l.calls[g.n] = c
		g.n++
	}
	start := 0
	for i := range l.groups { // and the number of its calls again
		g := &l.groups[i]
		g.n, start = g.n-start, g.n
	}
}

// drop forgets the calls, which are their callers' again.
func (l *load) drop() {
	clear(l.calls)
	clear(l.order)
	clear(l.cmds)
	clear(l.groups)
	l.calls, l.order, l.cmds, l.groups = l.calls[:0], l.order[:0], l.cmds[:0], l.groups[:0]
	l.batch = nil
}
