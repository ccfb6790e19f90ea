package lease

import (
	"container/heap"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/desir-go/desir/internal/backoff"
	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/clock"
	"github.com/desir-go/desir/internal/oneline"
	"github.com/desir-go/desir/internal/send"
)

// pauses are the pauses after errors.
var pauses = backoff.Range{First: 20 * time.Millisecond, Last: time.Second}

// Keeper renews the leases of one client, and ends the contexts of those that are lost. Its
// goroutine runs while there are leases.
type Keeper struct {
	shared   *clients.Shared
	ids      *ids
	clock    clock.Clock
	offsets  offsets
	lines    lines
	releases atomic.Int64 // releases in flight

	mu      sync.Mutex
	leases  leaseHeap
	running bool
	wakesAt time.Time     // when the goroutine looks next
	changed chan struct{} // wakes the goroutine; holds one
	closing bool
}

type keeperKey struct{}

// Of returns the keeper that the objects of a client share.
func Of(shared *clients.Shared) *Keeper {
	return clients.Value(shared, keeperKey{}, func() *Keeper {
		k := &Keeper{shared: shared, ids: newIDs(), changed: make(chan struct{}, 1)}
		shared.OnClose(clients.EndReceiving, k.close)
		return k
	})
}

// leaseHeap orders leases by the time at which the keeper has to do something.
type leaseHeap []*held

func (s leaseHeap) Len() int           { return len(s) }
func (s leaseHeap) Less(i, j int) bool { return s[i].next().Before(s[j].next()) }
func (s leaseHeap) Swap(i, j int) {
	s[i], s[j] = s[j], s[i]
	s[i].index, s[j].index = i, j
}

func (s *leaseHeap) Push(x any) {
	h := x.(*held)
	h.index = len(*s)
	*s = append(*s, h)
}

func (s *leaseHeap) Pop() any {
	old := *s
	h := old[len(old)-1]
	old[len(old)-1] = nil
	h.index = -1
	*s = old[:len(old)-1]
	return h
}

// next returns when the lease has to be renewed, or counts as lost.
func (h *held) next() time.Time {
	loss := h.loss()
	if h.renewing || h.renewAt.IsZero() || loss.Before(h.renewAt) {
		return loss
	}
	return h.renewAt
}

// loss returns when the lease counts as lost.
func (h *held) loss() time.Time { return h.end.Add(-margin(h.req.TTL)) }

// add adds a lease, and starts the goroutine.
func (k *Keeper) add(h *held) {
	k.mu.Lock()
	defer k.mu.Unlock()
	heap.Push(&k.leases, h)
	if k.closing {
		h.cancel(send.ErrCloseCalled)
	}
	switch {
	case !k.running:
		k.running = true
		go k.run()
	case h.index == 0 && h.next().Before(k.wakesAt):
		k.notify()
	}
}

// remove removes a lease, and reports whether it was there: a lost lease is not.
func (k *Keeper) remove(h *held) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if h.index < 0 {
		return false
	}
	heap.Remove(&k.leases, h.index)
	return true
}

// abandon is called when a lease is not reachable any more.
func (k *Keeper) abandon(h *held) {
	if k.remove(h) {
		h.cancel(context.Canceled)
		k.lines.gone(h.req)
		slog.Default().Warn("desir: a lease was not released, and is no longer in use; it runs out",
			"key", oneline.Text(h.req.Keys.Leases, oneline.Name))
	}
}

func (k *Keeper) notify() {
	select {
	case k.changed <- struct{}{}:
	default:
	}
}

// lookTime is the longest time between two looks of the goroutine. It ends after a look that
// finds no leases.
const lookTime = time.Second

// run is the goroutine of the keeper.
func (k *Keeper) run() {
	timer := time.NewTimer(lookTime)
	defer timer.Stop()
	for {
		due, next := k.due()
		k.renew(due)
		timer.Reset(time.Until(next))
		select {
		case <-timer.C:
			if k.stop() {
				return
			}
		case <-k.changed:
		}
	}
}

// stop ends the goroutine if there are no leases.
func (k *Keeper) stop() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.running = len(k.leases) > 0
	return !k.running
}

// due ends the contexts of the leases that are over, and returns those to renew: all that are
// due, and those that will be within a sixth of their TTL. next is when to look again.
func (k *Keeper) due() (due []*held, next time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := time.Now()
	renew := false
	for len(k.leases) > 0 && !k.leases[0].next().After(now) {
		h := k.leases[0]
		if !now.Before(h.loss()) {
			h.cancel(ErrLost)
			heap.Pop(&k.leases)
			go k.lines.gone(h.req)
			continue
		}
		renew = true
		break
	}
	if renew {
		for _, h := range k.leases {
			if !h.renewing && !h.renewAt.IsZero() && now.After(h.renewAt.Add(-h.req.TTL/6)) && now.Before(h.loss()) {
				h.renewing = true
				due = append(due, h)
			}
		}
		heap.Init(&k.leases)
	}
	next = now.Add(lookTime)
	if len(k.leases) > 0 && k.leases[0].next().Before(next) {
		next = k.leases[0].next()
	}
	k.wakesAt = next
	return due, next
}

// drop removes a lost lease. It is released too, since it may only have been broken. The mutex
// is held.
func (k *Keeper) drop(h *held) {
	h.cancel(ErrLost)
	heap.Remove(&k.leases, h.index)
	k.releases.Add(1)
	go func() {
		defer k.releases.Add(-1)
		k.lines.gone(h.req)
		_ = h.release(context.Background(), true) // it ends by itself at the latest
	}()
}

// fix moves a lease in the heap, after its times have changed. The mutex is held.
func (k *Keeper) fix(h *held) { heap.Fix(&k.leases, h.index) }

// close ends the contexts of all leases, and waits for their release. What is not released
// when ctx ends runs out, since its function may still run.
func (k *Keeper) close(ctx context.Context) error {
	k.mu.Lock()
	k.closing = true
	for _, h := range k.leases {
		h.cancel(send.ErrCloseCalled)
	}
	k.mu.Unlock()
	k.lines.close(send.ErrCloseCalled)
	err := send.PollUntil(ctx, func() bool { return k.pending() == 0 })
	if n := k.pending(); err != nil && n > 0 {
		return send.WithClass(send.ErrMaybeRan, fmt.Errorf("%w: leases that are not released: %d; they run out", err, n))
	}
	return nil
}

// pending returns the number of leases, and of releases in flight.
func (k *Keeper) pending() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.leases) + int(k.releases.Load())
}
