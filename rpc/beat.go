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
	maxBeat = 4096 // calls that an entry names
)

// beat names the calls that run for a while to their clients, until ended. Quick calls are
// never named.
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

// long returns the IDs of the calls that ran at the last time already, by their clients.
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

// name tells a client that the worker has calls of it. If it is lost, the next one is not.
func (r *run) name(client string, ids []uint64) {
	p := &send.Post{Value: string(appendHeld(nil, ids))}
	r.hub.Send.Post(context.Background(), p, deliverHeld, inboxKey(client), func(*batch.Call, error) {})
}

// appendHeld appends the IDs of calls that a worker has.
func appendHeld(b []byte, ids []uint64) []byte {
	for _, id := range ids {
		b = pack.AppendUint(b, id)
	}
	return b
}

// readHeld reads the IDs of calls that a worker has.
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
