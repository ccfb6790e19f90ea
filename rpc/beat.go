package rpc

import (
	"context"
	"time"

	"github.com/desir-go/desir/internal/batch"
	"github.com/desir-go/desir/internal/pack"
	"github.com/desir-go/desir/internal/send"
)

const (
	beatGap = lease / 3
	maxBeat = 4096 // calls per entry
)

// beat sends the IDs of long calls to their clients until ended is closed. Quick calls
// are never sent.
func (r *run) beat(ended <-chan struct{}) {
	tick := time.NewTicker(beatGap)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ended:
			return
		}
		for client, ids := range r.running.long() {
			for len(ids) > 0 {
				n := min(len(ids), maxBeat)
				r.name(client, ids[:n])
				ids = ids[n:]
			}
		}
	}
}

// long returns the IDs of calls that were already running at the last beat, by client.
func (m *running) long() map[string][]uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all map[string][]uint64
	for c := m.first; c != nil; c = c.next {
		switch {
		case c.info.Caller == "": // a cast
		case !c.long:
			c.long = true
		default:
			if all == nil {
				all = map[string][]uint64{}
			}
			all[c.info.Caller] = append(all[c.info.Caller], c.info.ID)
		}
	}
	return all
}

// name sends the IDs of running calls to their client. A lost message does no harm,
// because the next beat repeats it.
func (r *run) name(client string, ids []uint64) {
	p := &send.AsyncWrite{Value: string(appendHeld(nil, ids))}
	r.shared.Sender.SendAsync(context.Background(), p, deliverHeld, inboxKey(client), func(*batch.Call, error) {})
}

// appendHeld appends the IDs of running calls.
func appendHeld(b []byte, ids []uint64) []byte {
	for _, id := range ids {
		b = pack.AppendUint(b, id)
	}
	return b
}

// readHeld parses the IDs of running calls.
func readHeld(value string) (ids []uint64) {
	for r := (pack.Reader{Data: value}); r.Len() > 0; {
		id := r.Uint()
		if r.Bad() {
			break
		}
		ids = append(ids, id)
	}
	return ids
}
