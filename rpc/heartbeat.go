package rpc

import (
	"context"
	"time"

	"github.com/desir-go/desir/internal/batch"
	"github.com/desir-go/desir/internal/pack"
	"github.com/desir-go/desir/internal/send"
)

const (
	heartbeatInterval = leaseTime / 3
	maxHeartbeat      = 4096 // calls per entry
)

// sendHeartbeats sends the IDs of long calls to their clients until ended is closed.
// Quick calls are never sent.
func (r *serverRun) sendHeartbeats(ended <-chan struct{}) {
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
func (r *serverRun) sendHeartbeat(client string, ids []uint64) {
	w := &send.AsyncWrite{Value: string(appendIDs(nil, ids))}
	r.shared.Sender.SendAsync(context.Background(), w, heartbeatMerger, inboxKey(client), func(*batch.Call, error) {})
}

// appendIDs appends the IDs of running calls.
func appendIDs(b []byte, ids []uint64) []byte {
	for _, id := range ids {
		b = pack.AppendUint(b, id)
	}
	return b
}

// parseIDs parses the IDs of running calls.
func parseIDs(value string) (ids []uint64) {
	for r := (pack.Reader{Data: value}); r.Len() > 0; {
		id := r.Uint()
		if r.Bad() {
			break
		}
		ids = append(ids, id)
	}
	return ids
}
