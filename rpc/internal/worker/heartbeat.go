package worker

import (
	"context"
	"time"

	"github.com/desir-go/desir/internal/batch"
	"github.com/desir-go/desir/internal/send"
	"github.com/desir-go/desir/rpc/internal/wire"
)

const (
	heartbeatInterval = wire.LeaseTime / 3
	maxHeartbeat      = 4096 // calls per entry
)

// sendHeartbeats sends the IDs of long calls to their clients until ended is closed.
// Quick calls are never sent.
func (r *run) sendHeartbeats(ended <-chan struct{}) {
	tick := time.NewTicker(heartbeatInterval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ended:
			return
		}
		for client, ids := range r.running.longRunning() {
			for len(ids) > 0 {
				n := min(len(ids), maxHeartbeat)
				r.sendHeartbeat(client, ids[:n])
				ids = ids[n:]
			}
		}
	}
}

// longRunning returns the IDs of calls that were already running at the last beat, by
// client.
func (m *runningCalls) longRunning() map[string][]uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all map[string][]uint64
	for c := m.head; c != nil; c = c.next {
		switch {
		case c.info.Caller == "": // a cast
		case !c.longRunning:
			c.longRunning = true
		default:
			if all == nil {
				all = map[string][]uint64{}
			}
			all[c.info.Caller] = append(all[c.info.Caller], c.info.ID)
		}
	}
	return all
}

// sendHeartbeat sends the IDs of running calls to their client. A lost message does no
// harm, because the next beat repeats it.
func (r *run) sendHeartbeat(client string, ids []uint64) {
	w := &send.AsyncWrite{Value: string(wire.AppendIDs(nil, ids...))}
	r.shared.Sender.SendAsync(context.Background(), w, heartbeatMerger, wire.InboxKey(client), func(*batch.Call, error) {})
}
