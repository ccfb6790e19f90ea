package rpc

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/link"
	"github.com/desir-go/desir/internal/outage"
	"github.com/desir-go/desir/internal/send"
)

const (
	maxEntries = "256" // of a read
	keptCount  = 64    // entries that may stay although they were read
	keptBytes  = 256 << 10
	begin      = "0-0" // of a stream
)

// inboxReader reads entries, over a connection over which a call may be stored as well.
type inboxReader struct {
	line
	box  *inbox
	seen bool      // the key was seen to, and the connection has not broken since
	last string    // entry that was read over this connection
	had  []string  // IDs of entries that were read and are still there
	size int       // of those, in bytes
	left time.Time // when nobody read any more
	led  time.Time // since when callers have led

	store, delete, read link.Command
	due                 []*link.Command // of those, sent over the connection, their answers to be received
	unsent              bool            // they were surely not
	leader              *call           // that is stored
	answer              []int64         // to that

	// What a read has brought.
	entries, results int
	made             string // the entry that says that the inbox is new
	alone            int    // reads in a row with one result
}

func newInboxReader(b *inbox) *inboxReader {
	r := &inboxReader{line: line{hub: b.hub, key: b.key}, box: b}
	r.store = link.Command{Take: r.takeStored}
	r.delete = link.Command{Key: 1}
	r.read = link.Command{Key: 6, Take: r.takeEntries}
	return r
}

func (r *inboxReader) fail(err error) {
	r.seen = false
	r.line.fail(err)
}

func (r *inboxReader) close() {
	r.seen = false
	r.line.close()
}

// wait waits for entries, or for a moment, hands their results over, and returns how many
// entries it were. A new connection reads from the beginning: what was read before and is
// still there comes again. Entries that were read are deleted now and then, and at once
// where the connection is not the reader's own.
func (r *inboxReader) wait(ctx context.Context) (n int, err error) {
	if len(r.due) > 0 { // of a caller that led
		return r.brought(r.receive(r.own.Receive))
	}
	if r.own == nil {
		r.last = begin
	}
	if err := r.open(ctx); err != nil {
		return 0, err
	}
	r.ask()
	if r.own != nil {
		r.unsent = !r.own.Send(r.due...)
		n, err = r.brought(r.receive(r.own.Receive))
	} else {
		cmds := r.due
		r.due = nil
		n, err = r.brought(r.do(ctx, cmds...))
	}
	if err == nil && n == 0 && len(r.had) > 0 { // it is quiet
		if err = r.do(ctx, r.deleted()); r.stays(err) {
			err = nil
		}
	}
	return n, err
}

// stays reports whether the server refuses to delete what was read, which expires with the key
// then.
func (r *inboxReader) stays(err error) bool {
	refused := errors.Is(err, desir.ErrDenied)
	if refused {
		outage.Of(r.hub).Without(outage.Deletions, r.key, err)
	}
	return refused
}

// lead stores a call and waits, until [link.Link.Interrupt] at most: what is due is received
// by the next wait then.
func (r *inboxReader) lead(p *call) (int, error) {
	r.leader, r.answer = p, r.answer[:0]
	r.store.Words = append(r.store.Words[:0], "evalsha", callScript.Digest(r.hub), "2",
		p.client.service.calls, p.client.service.alive, listLifeMillis, p.post.Value)
	r.due = append(r.due, &r.store)
	r.ask()
	r.unsent = !r.own.Send(r.due...)
	return r.brought(r.receive(r.own.Await))
}

// ask adds what reads to what is due.
func (r *inboxReader) ask() {
	r.entries, r.results = 0, 0
	if len(r.had) >= keptCount || r.size >= keptBytes || r.own == nil && len(r.had) > 0 {
		r.due = append(r.due, r.deleted())
	}
	r.read.Words = append(r.read.Words[:0], "xread", "count", maxEntries, "block", blockMillis, "streams", r.key, r.last)
	r.due = append(r.due, &r.read)
}

// receive receives the answers that are due. The error is the first of the read, which is not the
// business of the call that is stored.
func (r *inboxReader) receive(next func(*link.Command) error) (first error) {
	for len(r.due) > 0 {
		c := r.due[0]
		if err := next(c); errors.Is(err, link.ErrInterrupted) {
			return err
		}
		r.due = slices.Delete(r.due, 0, 1)
		err := r.explain(context.Background(), c.Err, !r.unsent)
		switch {
		case c == &r.store:
			r.stored(err)
		case c == &r.delete && r.stays(err):
		case first == nil:
			first = err
		}
	}
	return first
}

// brought sums up what a read has brought.
func (r *inboxReader) brought(err error) (int, error) {
	if r.made != "" {
		r.box.isNew(r.made)
		r.made = ""
	}
	switch {
	case r.results == 1:
		r.alone++
	case r.entries > 0:
		r.alone = 0
	}
	return r.entries, err
}

// stored tells the call what became of its store.
func (r *inboxReader) stored(err error) {
	p := r.leader
	r.leader = nil
	var n int64
	switch {
	case err != nil:
	case len(r.answer) != 2:
		err = send.Fault(desir.ErrMaybeRan, errAnswer)
	default:
		p.client.clock.tell(r.answer[1])
		n = outcome(r.answer, 0)
	}
	p.ledTo(n, err)
}

func (r *inboxReader) takeStored(answer *link.Reply) {
	for n := answer.List(); n > 0 && answer.Err() == nil; n-- {
		r.answer = append(r.answer, answer.Int())
	}
}

// takeEntries reads entries of the inbox's stream: in RESP2 a list of streams, each with its name,
// in RESP3 a map of them by name, and in both a list of entries.
func (r *inboxReader) takeEntries(answer *link.Reply) {
	if answer.List() == 1 {
		answer.List()
	}
	answer.Skip() // the name
	for n := answer.List(); n > 0 && answer.Err() == nil; n-- {
		r.takeEntry(answer)
	}
}

// takeEntry reads an entry: its ID, and a list of fields and values.
func (r *inboxReader) takeEntry(answer *link.Reply) {
	answer.List()
	id := answer.Text()
	for n := answer.List(); n > 0 && answer.Err() == nil; n -= 2 {
		r.takeField(answer, id)
	}
	if answer.Err() == nil {
		r.last = id
		r.had = append(r.had, id)
		r.entries++
	}
}

func (r *inboxReader) takeField(answer *link.Reply, entry string) {
	field, value := answer.Text(), answer.Text()
	switch {
	case answer.Err() != nil:
	case field == resultField:
		r.size += len(value)
		r.results += r.box.bring(value)
	case field == heldField:
		r.size += len(value)
		r.box.held(readHeld(value))
	case field == newField && value != newFirst:
		r.made = entry
	}
}

// deleted deletes what was read. Should it get lost, the entries expire with the key.
func (r *inboxReader) deleted() *link.Command {
	r.delete.Words = append(append(r.delete.Words[:0], "xdel", r.key), r.had...)
	r.had, r.size = r.had[:0], 0
	return &r.delete
}
