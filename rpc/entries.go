package rpc

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/conn"
	"github.com/desir-go/desir/internal/outage"
	"github.com/desir-go/desir/internal/send"
)

const (
	maxEntries = "256" // per read
	keptCount  = 64    // read entries that may stay in the stream
	keptBytes  = 256 << 10
	begin      = "0-0" // the beginning of a stream
)

// inboxReader reads entries of the inbox. A call may be stored over the same connection.
type inboxReader struct {
	blockingConn
	box  *inbox
	seen bool      // the key was refreshed, and the connection has not failed since
	last string    // ID of the last entry read over this connection
	had  []string  // IDs of read entries that are still in the stream
	size int       // size of these entries in bytes
	left time.Time // when the reader was released
	led  time.Time // when a call last used the user's client

	store, delete, read conn.Command
	due                 []*conn.Command // commands in flight whose replies were not received yet
	unsent              bool            // they were certainly not sent
	leader              *call           // call that store stores
	answer              []int64         // reply to store

	// What the last read returned.
	entries, results int
	made             string // ID of the entry that says that the inbox is new
	alone            int    // consecutive reads with one result
}

func newInboxReader(b *inbox) *inboxReader {
	r := &inboxReader{blockingConn: blockingConn{shared: b.shared, key: b.key}, box: b}
	r.store = conn.Command{Decode: r.takeStored}
	r.delete = conn.Command{KeyPos: 1}
	r.read = conn.Command{KeyPos: 6, Decode: r.takeEntries}
	return r
}

func (r *inboxReader) fail(err error) {
	r.seen = false
	r.blockingConn.fail(err)
}

func (r *inboxReader) close() {
	r.seen = false
	r.blockingConn.close()
}

// wait waits for entries, at most for the block time, delivers their results, and returns
// the number of entries. A new connection reads from the beginning: entries that were
// read and not deleted are read again. Read entries are deleted in batches, and after
// every read if the user's client is used.
func (r *inboxReader) wait(ctx context.Context) (n int, err error) {
	if len(r.due) > 0 { // commands of a caller that led
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
	if err == nil && n == 0 && len(r.had) > 0 { // no entries came
		if err = r.do(ctx, r.deleted()); r.stays(err) {
			err = nil
		}
	}
	return n, err
}

// stays reports whether the server denies the deletion of read entries. They then expire
// with the key.
func (r *inboxReader) stays(err error) bool {
	refused := errors.Is(err, desir.ErrDenied)
	if refused {
		outage.Of(r.shared).Without(outage.Deletions, r.key, err)
	}
	return refused
}

// lead stores a call and waits for its result, until [conn.Conn.Interrupt] at most. After
// an interrupt, the next wait receives the replies in due.
func (r *inboxReader) lead(p *call) (int, error) {
	r.leader, r.answer = p, r.answer[:0]
	r.store.Args = append(r.store.Args[:0], "evalsha", callScript.Digest(r.shared), "2",
		p.client.service.calls, p.client.service.alive, listLifeMillis, p.post.Value)
	r.due = append(r.due, &r.store)
	r.ask()
	r.unsent = !r.own.Send(r.due...)
	return r.brought(r.receive(r.own.ReceiveInterruptible))
}

// ask adds the read to due, and the deletion of read entries if there are many.
func (r *inboxReader) ask() {
	r.entries, r.results = 0, 0
	if len(r.had) >= keptCount || r.size >= keptBytes || r.own == nil && len(r.had) > 0 {
		r.due = append(r.due, r.deleted())
	}
	r.read.Args = append(r.read.Args[:0], "xread", "count", maxEntries, "block", blockMillis, "streams", r.key, r.last)
	r.due = append(r.due, &r.read)
}

// receive receives the replies in due. It returns the first error of a read or a
// deletion; an error of the store goes to its call.
func (r *inboxReader) receive(next func(*conn.Command) error) (first error) {
	for len(r.due) > 0 {
		c := r.due[0]
		if err := next(c); errors.Is(err, conn.ErrInterrupted) {
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

// brought evaluates a read and returns its number of entries.
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

// stored passes the reply to the store on to its call.
func (r *inboxReader) stored(err error) {
	p := r.leader
	r.leader = nil
	var n int64
	switch {
	case err != nil:
	case len(r.answer) != 2:
		err = send.WithClass(desir.ErrMaybeRan, errAnswer)
	default:
		p.client.clock.tell(r.answer[1])
		n = outcome(r.answer, 0)
	}
	p.ledTo(n, err)
}

func (r *inboxReader) takeStored(answer *conn.Reply) {
	for n := answer.List(); n > 0 && answer.Err() == nil; n-- {
		r.answer = append(r.answer, answer.Int())
	}
}

// takeEntries decodes the entries of the inbox: in RESP2 a list of streams, each with its
// name, in RESP3 a map of streams by name, and in both a list of entries.
func (r *inboxReader) takeEntries(answer *conn.Reply) {
	if answer.List() == 1 {
		answer.List()
	}
	answer.Skip() // the name
	for n := answer.List(); n > 0 && answer.Err() == nil; n-- {
		r.takeEntry(answer)
	}
}

// takeEntry decodes an entry: its ID, and a list of fields and values.
func (r *inboxReader) takeEntry(answer *conn.Reply) {
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

func (r *inboxReader) takeField(answer *conn.Reply, entry string) {
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

// deleted returns the command that deletes the read entries. If it is lost, they expire
// with the key.
func (r *inboxReader) deleted() *conn.Command {
	r.delete.Args = append(append(r.delete.Args[:0], "xdel", r.key), r.had...)
	r.had, r.size = r.had[:0], 0
	return &r.delete
}
