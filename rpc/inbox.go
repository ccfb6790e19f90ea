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
	"github.com/desir-go/desir/internal/hub"
	"github.com/desir-go/desir/internal/pack"
	"github.com/desir-go/desir/internal/send"
)

// inbox is where the results for all Clients of one redis client come.
type inbox struct {
	hub   *hub.Hub
	id    string // as frames name it: see inboxName
	key   string
	count atomic.Uint64 // of calls that have entered
	calls sync.Pool     // that are free

	fresh atomic.Bool            // the server has seen to the key, not long ago
	seen  atomic.Bool            // it has at all
	stale *time.Timer            // ends fresh
	made  atomic.Pointer[string] // the entry by which the key was made last, as far as the server's answers tell
	gate  gate                   // of whoever lets it see to the key

	mu       sync.Mutex
	ids      ids
	pending  map[uint64]*call
	watching bool
	reading  bool         // somebody reads
	reader   *inboxReader // of whoever does
	vacant   bool         // nobody does, and the next caller may
	tidying  bool         // the reader, once nobody has used it for a while
}

// inboxPart is an inbox among the parts of a hub: one for each prefix.
type inboxPart struct{ prefix string }

// inboxOf returns the inbox of a redis client below a prefix.
func inboxOf(h *hub.Hub, prefix string) *inbox {
	return h.Part(inboxPart{prefix}, func() any {
		id := inboxName(prefix, rand.Text())
		box := &inbox{hub: h, id: id, key: inboxKey(id), gate: newGate(), pending: map[uint64]*call{}}
		box.reader = newInboxReader(box)
		box.stale = box.after(refresh, func(box *inbox) { box.fresh.Store(false) })
		box.calls.New = func() any { return newCall(box) }
		h.OnClose(hub.EndCalling, box.shut)
		return box
	}).(*inbox)
}

// after calls f after a while, unless the inbox is gone by then: timers do not keep the
// client, which its user may have closed.
func (b *inbox) after(d time.Duration, f func(*inbox)) *time.Timer {
	weakly := weak.Make(b)
	return time.AfterFunc(d, func() {
		if b := weakly.Value(); b != nil {
			f(b)
		}
	})
}

// free takes back a call whose caller has its end. If the answer to its store is still
// to come it is left to the garbage collector.
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

// castID returns the ID of a call that nobody waits for.
func (b *inbox) castID() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ids.next()
}

// enter gives a call its ID and notes that its result may come, and sees to it that somebody
// reads: leads says that the caller does, by [inbox.lead].
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
		p.end(err)
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
		p.end(err)
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
	text := newAgain
	if !b.seen.Load() {
		text = newFirst
	}
	answer, err := inboxScript.Run(ctx, b.hub, []string{b.key}, inboxLife.Milliseconds(), text)
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

// bring hands the results of an entry to their calls, and returns how many it were. Those
// that nobody waits for, since they come late or twice, go. What a codec has sealed is opened
// when the others are there.
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

// lose ends the calls that there are: the key was made, and their results may have found
// no inbox. Those of calls that come later find it.
func (b *inbox) lose() {
	last := b.count.Load()
	b.end(func(p *call) bool { return p.nth <= last }, send.Fault(desir.ErrMaybeRan, errInboxGone))
}

// isNew looks at the entry that says that the key is new, and ends calls unless that was
// done when the answer came.
func (b *inbox) isNew(entry string) {
	if made := b.made.Load(); made == nil || *made != entry {
		b.lose()
	}
}
