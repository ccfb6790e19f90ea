package rpc

import (
	"context"
	"crypto/rand"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/hub"
	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/pack"
	"github.com/desir-go/desir/internal/send"
)

// inbox is where the results for all Clients of one redis client come.
type inbox struct {
	hub   *hub.Hub
	id    string
	key   string
	next  atomic.Uint64 // the last ID of a call
	calls sync.Pool     // that are free

	fresh atomic.Bool            // the server has seen to the key, not long ago
	seen  atomic.Uint64          // how often it has
	made  atomic.Pointer[string] // the entry by which the key was made last, as far as the server's answers tell
	gate  gate                   // of whoever lets it see to the key

	mu       sync.Mutex
	pending  map[uint64]*call
	reading  bool
	watching bool
}

type inboxPart struct{}

// inboxOf returns the inbox of a redis client.
func inboxOf(h *hub.Hub) *inbox {
	return h.Part(inboxPart{}, func() any {
		id := rand.Text()
		box := &inbox{hub: h, id: id, key: keys.Inbox(id), gate: newGate(), pending: map[uint64]*call{}}
		box.calls.New = func() any { return newCall(box) }
		return box
	}).(*inbox)
}

// free takes back a call whose caller has its end. If the answer to its store is still
// to come it is left to the garbage collector.
func (b *inbox) free(p *call) {
	if !p.settled.Load() {
		return
	}
	p.settled.Store(false)
	p.out.Store(0)
	p.client, p.id, p.wait, p.state, p.body, p.err, p.post.Value = nil, 0, time.Time{}, 0, "", nil, ""
	b.calls.Put(p)
}

// enter notes a call whose result may come, and sees to it that somebody reads.
func (b *inbox) enter(p *call) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pending[p.id] = p
	if !b.reading {
		b.reading = true
		go b.read()
	}
	if !b.watching {
		b.watching = true
		time.AfterFunc(checkGap, b.watch)
	}
}

// remove takes a call out, and reports whether it was pending: then whoever has asked
// says what became of it.
func (b *inbox) remove(id uint64, p *call) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.pending[id] != p {
		return false
	}
	delete(b.pending, id)
	return true
}

// fail ends a call with an error, unless it has ended.
func (b *inbox) fail(id uint64, p *call, err error) {
	if b.remove(id, p) {
		p.err = err
		p.done <- struct{}{}
	}
}

// end ends the calls that which picks with an error. which must not block.
func (b *inbox) end(which func(*call) bool, err error) {
	var ended []*call
	b.mu.Lock()
	for id, p := range b.pending {
		if which(p) {
			delete(b.pending, id)
			ended = append(ended, p)
		}
	}
	b.mu.Unlock()
	for _, p := range ended {
		p.err = err
		p.done <- struct{}{}
	}
}

const refresh = inboxLife / 5 // after which a call sees to the key first

var errInboxGone = errors.New("the inbox was gone, and results with it: the server has lost data, or the client was away")

// ready sees to it that the key is there before the first call, and for a while.
func (b *inbox) ready(ctx context.Context) error {
	if b.fresh.Load() { // nearly always
		return nil
	}
	return b.gate.pass(ctx, b.fresh.Load, func() error { return b.see(ctx) })
}

// see lets the server see to the key.
func (b *inbox) see(ctx context.Context) error {
	answer, err := inboxScript.Run(ctx, b.hub, []string{b.key}, inboxLife.Milliseconds())
	if err != nil {
		return err
	}
	if made, _ := answer.(string); made != "" {
		b.made.Store(&made)
		b.lose()
	}
	b.fresh.Store(true)
	n := b.seen.Add(1)
	time.AfterFunc(refresh, func() {
		if b.seen.Load() == n {
			b.fresh.Store(false)
		}
	})
	return nil
}

// read reads results as long as calls are pending, and for a moment after that.
func (b *inbox) read() {
	ctx := context.Background()
	r := inboxReader{line: line{hub: b.hub, key: b.key}}
	defer r.close()
	seen := false // the key, over a connection that has not broken since
	for p := (patience{}); ; {
		var entries []redis.XMessage
		var err error
		if r.outlived() {
			seen = false
			r.close()
		}
		if !seen {
			err = b.see(ctx)
		}
		if seen = err == nil; seen {
			entries, err = r.entries(ctx)
		}
		for _, e := range entries {
			b.bring(e.Values)
		}
		if r.made != "" {
			b.isNew(r.made)
			r.made = ""
		}
		switch {
		case err != nil:
			seen = false
			r.fail(err)
			if hopeless(err) { // as for who may not read
				b.end(func(*call) bool { return true }, send.Fault(desir.ErrMaybeRan, err))
			}
			p.wait(nil)
		case len(entries) > 0:
			p = patience{}
			runtime.Gosched() // the callers first: their next calls leave together
			continue
		default:
			p = patience{}
		}
		if b.rest() {
			return
		}
	}
}

// rest ends the reading if nothing is pending.
func (b *inbox) rest() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reading = len(b.pending) > 0
	return !b.reading
}

// bring hands the results of an entry to their calls. Those that nobody waits for, since
// they come late or twice, go.
func (b *inbox) bring(entry map[string]any) {
	text, _ := entry[resultField].(string)
	var room [64]*call
	ended := room[:0]
	r := pack.Reader{Data: text}
	b.mu.Lock()
	for one := (result{}); one.read(&r); {
		if p := b.pending[one.id]; p != nil {
			delete(b.pending, one.id)
			p.state, p.body = one.state, one.body
			ended = append(ended, p)
		}
	}
	b.mu.Unlock()
	for _, p := range ended {
		p.done <- struct{}{}
	}
}

// lose ends the calls that there are: the key was made, and their results may have found
// no inbox. Those of calls that come later find it.
func (b *inbox) lose() {
	last := b.next.Load()
	b.end(func(p *call) bool { return p.id <= last }, send.Fault(desir.ErrMaybeRan, errInboxGone))
}

// isNew looks at the entry that says that the key is new, and ends calls unless that was
// done when the answer came.
func (b *inbox) isNew(entry string) {
	if made := b.made.Load(); made == nil || *made != entry {
		b.lose()
	}
}

const (
	maxEntries = 256 // of a read
	keptCount  = 64  // entries that may stay although they were read
	keptBytes  = 256 << 10
)

// inboxReader reads entries.
type inboxReader struct {
	line
	last string // entry that was read over this connection
	had  []any  // IDs of entries that were read and are still there
	size int    // of those, in bytes
	made string // the entry that says that the inbox is new
}

const begin = "0-0" // of a stream

// entries waits for entries, or for a moment. A new connection reads from the beginning:
// what was read before and is still there comes again. Entries that were read are
// deleted now and then, and at once where the connection is not the reader's own.
func (r *inboxReader) entries(ctx context.Context) ([]redis.XMessage, error) {
	if r.own == nil {
		r.last = begin
	}
	client, err := r.client(ctx)
	if err != nil {
		return nil, err
	}
	read := redis.NewXStreamSliceCmd(ctx, "xread", "count", maxEntries, "block", block.Milliseconds(), "streams", r.key, r.last)
	read.SetFirstKeyPos(6)
	if len(r.had) >= keptCount || r.size >= keptBytes || r.own == nil && len(r.had) > 0 {
		err = r.hub.Send.WriteOn(ctx, client, r.delete(ctx), read)
	} else {
		err = r.hub.Send.WriteOn(ctx, client, read)
	}
	if errors.Is(read.Err(), redis.Nil) { // it is quiet
		if len(r.had) == 0 {
			return nil, nil
		}
		return nil, r.hub.Send.WriteOn(ctx, client, r.delete(ctx))
	}
	if err != nil {
		return nil, err
	}
	var entries []redis.XMessage
	for _, stream := range read.Val() { // one
		entries = stream.Messages
	}
	for _, e := range entries {
		r.last = e.ID
		r.had = append(r.had, e.ID)
		if _, isNew := e.Values["new"]; isNew {
			r.made = e.ID
		}
		text, _ := e.Values[resultField].(string)
		r.size += len(text)
	}
	return entries, nil
}

// delete deletes what was read. Should it get lost, the entries expire with the key.
func (r *inboxReader) delete(ctx context.Context) redis.Cmder {
	words := append([]any{"xdel", r.key}, r.had...)
	r.had, r.size = r.had[:0], 0
	return redis.NewIntCmd(ctx, words...)
}
