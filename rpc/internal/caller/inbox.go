package caller

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
	"weak"

	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/pack"
	"github.com/desir-go/desir/internal/send"
	"github.com/desir-go/desir/rpc/internal/lua"
	"github.com/desir-go/desir/rpc/internal/wire"
)

// inbox receives the results for all Clients of one redis client that have the same
// prefix.
type inbox struct {
	shared    *clients.Shared
	id        string // its name in frames: the prefix and an ID
	key       string
	entered   atomic.Uint64 // number of calls that were registered
	freeCalls sync.Pool     // unused calls

	keyFresh     atomic.Bool // the key was refreshed recently
	keyRefreshed atomic.Bool // the key was refreshed at least once
	staleTimer   *time.Timer // clears keyFresh
	// ID of the first entry of the inbox, as known from the reply that made it last.
	newEntry    atomic.Pointer[string]
	refreshGate onceGate // lets one caller at a time refresh the key

	reader *resultReader // owned by the goroutine or caller that reads
	direct direct

	mu       sync.Mutex
	callIDs  wire.CallIDs
	pending  map[uint64]*pendingCall
	checking bool
	reading  bool // a goroutine or a caller reads
}

// inboxValueKey is the key of an inbox among a client's values: one for each prefix.
type inboxValueKey struct{ prefix string }

// inboxOf returns the inbox of a redis client with the given prefix.
func inboxOf(h *clients.Shared, prefix string) *inbox {
	return clients.Value(h, inboxValueKey{prefix}, func() *inbox {
		id := prefix + rand.Text()
		ib := &inbox{shared: h, id: id, key: wire.InboxKey(id), refreshGate: newOnceGate(), pending: map[uint64]*pendingCall{}}
		ib.reader = newResultReader(ib)
		ib.direct.init(ib)
		ib.staleTimer = ib.afterFunc(refreshAfter, func(ib *inbox) { ib.keyFresh.Store(false) })
		ib.freeCalls.New = func() any { return newPendingCall(ib) }
		h.OnClose(clients.EndCalling, ib.drain)
		return ib
	})
}

// afterFunc calls f after d, unless the inbox was collected by then. The timer holds no
// strong reference, so it does not keep an unused redis client in memory.
func (ib *inbox) afterFunc(d time.Duration, f func(*inbox)) *time.Timer {
	weakly := weak.Make(ib)
	return time.AfterFunc(d, func() {
		if ib := weakly.Value(); ib != nil {
			f(ib)
		}
	})
}

// putCall returns a call to the pool. If the reply to its store is still to come, the
// garbage collector takes it.
func (ib *inbox) putCall(p *pendingCall) {
	if !p.storeDone.Load() {
		return
	}
	p.storeDone.Store(false)
	p.storedAt.Store(0)
	p.client, p.id, p.seq, p.method, p.waitUntil, p.state, p.body, p.err, p.write.Value = nil, 0, 0, "", time.Time{}, 0, "", nil, ""
	p.rejection = nil
	p.liveness = liveness{}
	ib.freeCalls.Put(p)
}

// castID returns an ID for a call without a result.
func (ib *inbox) castID() uint64 {
	ib.mu.Lock()
	defer ib.mu.Unlock()
	return ib.callIDs.Next()
}

// register gives a call its ID, adds it to the pending calls, and starts the reader if
// needed. direct means that the caller must read its result itself, by
// [direct.run].
func (ib *inbox) register(p *pendingCall) (direct bool) {
	ib.mu.Lock()
	defer ib.mu.Unlock()
	p.id = ib.callIDs.Next()
	for ib.pending[p.id] != nil {
		p.id = ib.callIDs.Next()
	}
	p.seq = ib.entered.Add(1)
	ib.pending[p.id] = p
	if !ib.reading {
		ib.reading = true
		if direct = ib.direct.accept(); !direct {
			go ib.readResults()
		}
	}
	if !ib.checking {
		ib.checking = true
		ib.afterFunc(checkInterval, (*inbox).checkPending)
	}
	return direct
}

// isPending reports whether a call is pending.
func (ib *inbox) isPending(id uint64, p *pendingCall) bool {
	ib.mu.Lock()
	defer ib.mu.Unlock()
	return ib.pending[id] == p
}

// remove removes a call, and reports whether it was pending. The caller must end the call
// then.
func (ib *inbox) remove(id uint64, p *pendingCall) bool {
	ib.mu.Lock()
	defer ib.mu.Unlock()
	if ib.pending[id] != p {
		return false
	}
	delete(ib.pending, id)
	return true
}

// fail ends a call with an error, unless it has ended.
func (ib *inbox) fail(id uint64, p *pendingCall, err error) {
	if ib.remove(id, p) {
		p.end(err)
	}
}

// failWhere ends all calls that which selects with an error. which must not block.
func (ib *inbox) failWhere(match func(*pendingCall) bool, err error) {
	var ended []*pendingCall
	ib.mu.Lock()
	for id, p := range ib.pending {
		if match(p) {
			delete(ib.pending, id)
			ended = append(ended, p)
		}
	}
	ib.mu.Unlock()
	for _, p := range ended {
		p.end(err)
	}
}

const inboxLife = 5 * time.Minute

const refreshAfter = inboxLife / 5 // a call refreshes the key first after this time

var errInboxGone = errors.New("the inbox had disappeared, and results may be lost: the server lost data, or the client was suspended")

// ensureKey ensures that the key exists before the first call, and refreshes it later.
func (ib *inbox) ensureKey(ctx context.Context) error {
	if ib.keyFresh.Load() { // nearly always
		return nil
	}
	return ib.refreshGate.pass(ctx, ib.keyFresh.Load, func() error { return ib.refreshKey(ctx) })
}

// refreshKey refreshes the key, or makes it if it does not exist.
func (ib *inbox) refreshKey(ctx context.Context) error {
	entry := wire.NewAgain
	if !ib.keyRefreshed.Load() {
		entry = wire.NewFirst
	}
	reply, err := lua.Inbox.Run(ctx, ib.shared, []string{ib.key}, inboxLife.Milliseconds(), entry)
	if err != nil {
		return err
	}
	if newEntry, _ := reply.(string); newEntry != "" {
		ib.newEntry.Store(&newEntry)
		ib.failAll()
	}
	ib.keyRefreshed.Store(true)
	ib.keyFresh.Store(true)
	ib.staleTimer.Reset(refreshAfter)
	return nil
}

// deliver delivers the results of an entry to their calls, and returns how many it
// delivered. It drops results that no call waits for: they are late or duplicates. It
// opens sealed results after it has delivered the others.
func (ib *inbox) deliver(entry string) int {
	var array [64]*pendingCall
	ended := array[:0]
	var sealed []sealedResult
	r := pack.Reader{Data: entry}
	ib.mu.Lock()
	for res := (wire.Result{}); res.Next(&r); {
		if p := ib.pending[res.ID]; p != nil {
			if p.client.sealer != nil {
				sealed = append(sealed, sealedResult{res, p, p.client, p.method})
				continue
			}
			delete(ib.pending, res.ID)
			p.state, p.body = res.State, res.Body
			ended = append(ended, p)
		}
	}
	ib.mu.Unlock()
	for _, p := range ended {
		p.done <- struct{}{}
	}
	n := len(ended)
	for _, res := range sealed {
		if ib.deliverSealed(res) {
			n++
		}
	}
	return n
}

// failAll ends all current calls: the key was made, and their results may have been lost.
// Results of later calls find the key.
func (ib *inbox) failAll() {
	last := ib.entered.Load()
	ib.failWhere(func(p *pendingCall) bool { return p.seq <= last }, send.WithClass(send.ErrMaybeRan, errInboxGone))
}

// handleNewEntry handles the entry that says that the key is new. It ends calls, unless
// refreshKey already did when it received the reply.
func (ib *inbox) handleNewEntry(entry string) {
	if known := ib.newEntry.Load(); known == nil || *known != entry {
		ib.failAll()
	}
}

// drain waits for the results of the pending calls. When ctx ends, it ends the calls that
// have no result.
func (ib *inbox) drain(ctx context.Context) error {
	err := send.PollUntil(ctx, func() bool { return ib.pendingCount() == 0 })
	n := ib.pendingCount()
	if err == nil || n == 0 {
		return nil
	}
	ib.failWhere(func(*pendingCall) bool { return true }, send.WithClass(send.ErrMaybeRan, send.ErrCloseCalled))
	return send.WithClass(send.ErrMaybeRan, fmt.Errorf("%w: calls without a result: %d", err, n))
}

// pendingCount returns the number of calls that wait for their results.
func (ib *inbox) pendingCount() int {
	ib.mu.Lock()
	defer ib.mu.Unlock()
	return len(ib.pending)
}
