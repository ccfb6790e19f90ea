package rpc

import (
	"context"
	"time"

	"github.com/desir-go/desir/internal/conn"
)

const (
	lateTime = time.Minute // how long a silent connection may still bring calls
	maxLate  = 4           // number of such connections
)

// later lets a read on a silent connection continue while other reads use a new
// connection. Calls that it still brings are run. Its incarnation ends after it, and the
// worker begins a new one. It returns false if the read has to be abandoned at once.
func (r *run) later(id string, own *conn.Conn, older bool) bool {
	if !r.enterLate(id, own) {
		return false
	}
	go r.await(id, own, older)
	r.s.settings.log.Warn("desir: a worker reads calls over a new connection, because the previous one is silent", "service", r.s.label())
	return true
}

func (r *run) enterLate(id string, own *conn.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.id != id || len(r.lates) >= maxLate {
		return false
	}
	r.id = ""
	if r.lates == nil {
		r.lates = map[string]*conn.Conn{}
	}
	r.lates[id] = own
	r.calls.Add(1) // the worker does not end before the read
	return true
}

// await reads what a silent connection still brings.
func (r *run) await(id string, own *conn.Conn, older bool) {
	defer r.calls.Done()
	got := popped{key: r.s.service.calls, older: older}
	pop := conn.Command{Decode: got.take}
	own.SetReadTimeout(lateTime)
	_ = own.Receive(&pop) // pop.Err holds the error
	own.Close()
	r.mu.Lock()
	delete(r.lates, id)
	if pop.Err == nil {
		r.left = append(r.left, id)
	} else {
		r.spoilt = append(r.spoilt, id)
	}
	r.mu.Unlock()
	if pop.Err != nil {
		r.s.stats.dropped.Add(1)
		r.s.settings.log.Warn("desir: a read of calls was abandoned; its calls may have ended for their callers", "service", r.s.label(), "error", pop.Err)
	}
	for _, f := range got.calls {
		r.start(r.open(f))
	}
	notify(r.kick)
}

// keepLates renews the leases of the incarnations with late reads.
func (r *run) keepLates() {
	r.mu.Lock()
	var ids []string
	for id := range r.lates {
		ids = append(ids, id)
	}
	r.mu.Unlock()
	for _, id := range ids {
		ctx, cancel := context.WithTimeout(context.Background(), lease/3)
		// An ended incarnation may still bring calls that it took before.
		_, _ = r.lease(ctx, id, "renew")
		cancel()
	}
}

// cutLates abandons the late reads.
func (r *run) cutLates() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, own := range r.lates {
		own.Close()
	}
}
