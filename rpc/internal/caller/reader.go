package caller

import (
	"context"
	"errors"
	"slices"

	"github.com/desir-go/desir/internal/outage"
	"github.com/desir-go/desir/internal/send"
	"github.com/desir-go/desir/rpc/internal/resp"
	"github.com/desir-go/desir/rpc/internal/wire"
)

const (
	maxEntries        = "256" // per read
	maxUndeleted      = 64    // read entries that may stay in the stream
	maxUndeletedBytes = 256 << 10
	streamStart       = "0-0" // the beginning of a stream
)

// resultReader reads entries of the inbox. A call may be stored over the same connection.
type resultReader struct {
	resp.Blocking
	inbox          *inbox
	keyRefreshed   bool     // the key was refreshed, and the connection has not failed since
	lastID         string   // ID of the last entry read over this connection
	undeleted      []string // IDs of read entries that are still in the stream
	undeletedBytes int      // size of these entries in bytes

	deleteCmd, readCmd resp.Command
	first              *resp.Command   // a command that was sent in front of the read
	onFirst            func(error)     // receives its error
	inFlight           []*resp.Command // commands whose replies were not received yet
	unsent             bool            // they were certainly not sent

	// What the last read returned.
	entries, results int
	newEntry         string // ID of the entry that says that the inbox is new
}

func newResultReader(ib *inbox) *resultReader {
	r := &resultReader{Blocking: resp.Blocking{Shared: ib.shared, Key: ib.key}, inbox: ib}
	r.deleteCmd = resp.Command{KeyPos: 1}
	r.readCmd = resp.Command{KeyPos: 6, Decode: r.decodeEntries}
	return r
}

func (r *resultReader) CloseAfter(err error) {
	r.keyRefreshed = false
	r.Blocking.CloseAfter(err)
}

func (r *resultReader) Close() {
	r.keyRefreshed = false
	r.Blocking.Close()
}

// readEntries waits for entries, at most for the block time, delivers their results, and
// returns the number of entries. A new connection reads from the beginning: entries that
// were read and not deleted are read again. Read entries are deleted in batches, and
// after every read if the user's client is used.
func (r *resultReader) readEntries(ctx context.Context) (n int, err error) {
	if len(r.inFlight) > 0 { // of an interrupted sendAndRead
		return r.finishRead(r.receive(r.Conn.Receive))
	}
	if r.Conn == nil {
		r.lastID = streamStart
	}
	if err := r.Open(ctx); err != nil {
		return 0, err
	}
	r.queueRead()
	if r.Conn != nil {
		r.unsent = !r.Conn.Send(r.inFlight...)
		n, err = r.finishRead(r.receive(r.Conn.Receive))
	} else {
		cmds := r.inFlight
		r.inFlight = nil
		n, err = r.finishRead(r.Do(ctx, cmds...))
	}
	if err == nil && n == 0 && len(r.undeleted) > 0 { // no entries came
		if err = r.Do(ctx, r.deletion()); r.deleteDenied(err) {
			err = nil
		}
	}
	return n, err
}

// deleteDenied reports whether the server denies the deletion of read entries. They then
// expire with the key.
func (r *resultReader) deleteDenied(err error) bool {
	denied := errors.Is(err, send.ErrDenied)
	if denied {
		outage.Of(r.Shared).Without(outage.Deletions, r.Key, err)
	}
	return denied
}

// sendAndRead sends a command and a read in one write, and waits for entries, until
// [resp.Conn.Interrupt] at most. onReply receives the error of the command once its reply
// was decoded. After an interrupt, the next readEntries receives the replies in inFlight.
func (r *resultReader) sendAndRead(cmd *resp.Command, onReply func(error)) (int, error) {
	r.first, r.onFirst = cmd, onReply
	r.inFlight = append(r.inFlight, cmd)
	r.queueRead()
	r.unsent = !r.Conn.Send(r.inFlight...)
	return r.finishRead(r.receive(r.Conn.ReceiveInterruptible))
}

// queueRead adds the read to inFlight, and the deletion of read entries if there are
// many.
func (r *resultReader) queueRead() {
	r.entries, r.results = 0, 0
	if len(r.undeleted) >= maxUndeleted || r.undeletedBytes >= maxUndeletedBytes || r.Conn == nil && len(r.undeleted) > 0 {
		r.inFlight = append(r.inFlight, r.deletion())
	}
	r.readCmd.Args = append(r.readCmd.Args[:0], "xread", "count", maxEntries, "block", resp.BlockMillis, "streams", r.Key, r.lastID)
	r.inFlight = append(r.inFlight, &r.readCmd)
}

// receive receives the replies in inFlight. It returns the first error of a read or a
// deletion; that of the first command goes to onFirst.
func (r *resultReader) receive(next func(*resp.Command) error) (first error) {
	for len(r.inFlight) > 0 {
		c := r.inFlight[0]
		if err := next(c); errors.Is(err, resp.ErrInterrupted) {
			return err
		}
		r.inFlight = slices.Delete(r.inFlight, 0, 1)
		err := r.Classify(context.Background(), c.Err, !r.unsent)
		switch {
		case c == r.first:
			r.onFirst(err)
		case c == &r.deleteCmd && r.deleteDenied(err):
		case first == nil:
			first = err
		}
	}
	return first
}

// finishRead evaluates a read and returns its number of entries.
func (r *resultReader) finishRead(err error) (int, error) {
	if r.newEntry != "" {
		r.inbox.handleNewEntry(r.newEntry)
		r.newEntry = ""
	}
	return r.entries, err
}

// decodeEntries decodes the entries of the inbox: in RESP2 a list of streams, each with
// its name, in RESP3 a map of streams by name, and in both a list of entries.
func (r *resultReader) decodeEntries(reply *resp.Reply) {
	if reply.List() == 1 {
		reply.List()
	}
	reply.Skip() // the name
	for n := reply.List(); n > 0 && reply.Err() == nil; n-- {
		r.decodeEntry(reply)
	}
}

// decodeEntry decodes an entry: its ID, and a list of fields and values.
func (r *resultReader) decodeEntry(reply *resp.Reply) {
	reply.List()
	id := reply.Text()
	for n := reply.List(); n > 0 && reply.Err() == nil; n -= 2 {
		r.decodeField(reply, id)
	}
	if reply.Err() == nil {
		r.lastID = id
		r.undeleted = append(r.undeleted, id)
		r.entries++
	}
}

func (r *resultReader) decodeField(reply *resp.Reply, entry string) {
	field, value := reply.Text(), reply.Text()
	switch {
	case reply.Err() != nil:
	case field == wire.ResultField:
		r.undeletedBytes += len(value)
		r.results += r.inbox.deliver(value)
	case field == wire.HeldField:
		r.undeletedBytes += len(value)
		r.inbox.recordHeartbeat(wire.ParseIDs(value))
	case field == wire.NewField && value != wire.NewFirst:
		r.newEntry = entry
	}
}

// deletion returns the command that deletes the read entries. If it is lost, they expire
// with the key.
func (r *resultReader) deletion() *resp.Command {
	r.deleteCmd.Args = append(append(r.deleteCmd.Args[:0], "xdel", r.Key), r.undeleted...)
	r.undeleted, r.undeletedBytes = r.undeleted[:0], 0
	return &r.deleteCmd
}
