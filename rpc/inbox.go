package rpc

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"sync/atomic"
	"time"
	"weak"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/pack"
	"github.com/desir-go/desir/internal/send"
)

// inbox receives the results for all Clients of one redis client that have the same
// prefix.
type inbox struct {
	shared *clients.Shared
	id     string // its name in frames: see inboxName
	key    string
	count  atomic.Uint64 // number of calls that have entered
	calls  sync.Pool     // free calls

	fresh atomic.Bool // the key was refreshed recently
	seen  atomic.Bool // the key was refreshed at least once
	stale *time.Timer // clears fresh
	// ID of the first entry of the inbox, as known from the reply that made it last.
	made atomic.Pointer[string]
	gate onceGate // lets one caller at a time refresh the key

	mu       sync.Mutex
	ids      ids
	pending  map[uint64]*call
	watching bool
	reading  bool         // a goroutine or a caller reads
	reader   *inboxReader // owned by the goroutine or caller that reads
	vacant   bool         // no goroutine reads, and the next caller may
	tidying  bool         // tidy will run
}

// inboxPart is the key of an inbox among a client's values: one for each prefix.
type inboxPart struct{ prefix string }

// inboxOf returns the inbox of a redis client with the given prefix.
func inboxOf(h *clients.Shared, prefix string) *inbox {
	return clients.Value(h, inboxPart{prefix}, func() *inbox {
		id := inboxName(prefix, rand.Text())
		box := &inbox{shared: h, id: id, key: inboxKey(id), gate: newOnceGate(), pending: map[uint64]*call{}}
		box.reader = newInboxReader(box)
		box.stale = box.after(refresh, func(box *inbox) { box.fresh.Store(false) })
		box.calls.New = func() any { return newCall(box) }
		h.OnClose(clients.EndCalling, box.shut)
		return box
	})
}

// after calls f after d, unless the inbox was collected by then. The timer holds no
// strong reference, so it does not keep an unused redis client in memory.
func (b *inbox) after(d time.Duration, f func(*inbox)) *time.Timer {
	weakly := weak.Make(b)
	return time.AfterFunc(d, func() {
		if b := weakly.Value(); b != nil {
			f(b)
		}
	})
}

// free returns a call to the pool. If the reply to its store is still to come, the
// garbage collector takes it.
func (b *inbox) free(p *call) {
	if !p.settled.Load() {
		return
	}
	p.settled.Store(false)
	p.out.Store(0)
	p.client, p.id, p.nth, p.method, p.wait, p.state, p.body, p.err, p.post.Value = nil, 0, 0, "", time.Time{}, 0, "", nil, ""
	p.doubt = nil
	p.signs = signs{}
	b.calls.Put(p)
}

// castID returns an ID for a call without a result.
func (b *inbox) castID() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ids.next()
}

// enter gives a call its ID, adds it to the pending calls, and starts the reader if
// needed. leads means that the caller must read itself, by [inbox.lead].
func (b *inbox) enter(p *call) (leads bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p.id = b.ids.next()
	for b.pending[p.id] != nil {
		p.id = b.ids.next()
	}
	p.nth = b.count.Add(1)
	b.pending[p.id] = p
	if !b.reading {
		b.reading = true
		if leads, b.vacant = b.vacant, false; !leads {
			go b.read()
		}
	}
	if !b.watching {
		b.watching = true
		b.after(checkGap, (*inbox).watch)
	}
	return leads
}

// has reports whether a call is pending.
func (b *inbox) has(id uint64, p *call) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.pending[id] == p
}

// remove removes a call, and reports whether it was pending. The caller must end the call
// then.
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
		p.end(err)
	}
}

// end ends all calls that which selects with an error. which must not block.
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
		p.end(err)
	}
}

const refresh = inboxLife / 5 // a call refreshes the key first after this time

var errInboxGone = errors.New("the inbox had disappeared, and results may be lost: the server lost data, or the client was suspended")

// ready ensures that the key exists before the first call, and refreshes it later.
func (b *inbox) ready(ctx context.Context) error {
	if b.fresh.Load() { // nearly always
		return nil
	}
	return b.gate.pass(ctx, b.fresh.Load, func() error { return b.see(ctx) })
}

// see refreshes the key, or makes it if it does not exist.
func (b *inbox) see(ctx context.Context) error {
	text := newAgain
	if !b.seen.Load() {
		text = newFirst
	}
	answer, err := inboxScript.Run(ctx, b.shared, []string{b.key}, inboxLife.Milliseconds(), text)
	if err != nil {
		return err
	}
	if made, _ := answer.(string); made != "" {
		b.made.Store(&made)
		b.lose()
	}
	b.seen.Store(true)
	b.fresh.Store(true)
	b.stale.Reset(refresh)
	return nil
}

// bring delivers the results of an entry to their calls, and returns how many it
// delivered. It drops results that no call waits for: they are late or duplicates. It
// opens sealed results after it has delivered the others.
func (b *inbox) bring(text string) int {
	var room [64]*call
	ended := room[:0]
	var sealed []sealedResult
	r := pack.Reader{Data: text}
	b.mu.Lock()
	for one := (result{}); one.read(&r); {
		if p := b.pending[one.id]; p != nil {
			if p.client.seal != nil {
				sealed = append(sealed, sealedResult{one, p, p.client, p.method})
				continue
			}
			delete(b.pending, one.id)
			p.state, p.body = one.state, one.body
			ended = append(ended, p)
		}
	}
	b.mu.Unlock()
	for _, p := range ended {
		p.done <- struct{}{}
	}
	n := len(ended)
	for _, one := range sealed {
		if b.bringSealed(one) {
			n++
		}
	}
	return n
}

// lose ends all current calls: the key was made, and their results may have been lost.
// Results of later calls find the key.
func (b *inbox) lose() {
	last := b.count.Load()
	b.end(func(p *call) bool { return p.nth <= last }, send.WithClass(desir.ErrMaybeRan, errInboxGone))
}

// isNew handles the entry that says that the key is new. It ends calls, unless see
// already did when it received the reply.
func (b *inbox) isNew(entry string) {
	if made := b.made.Load(); made == nil || *made != entry {
		b.lose()
	}
}
