package rpc

import (
	"context"
	"time"

	"github.com/desir-go/desir/internal/link"
)

const (
	lateTime = time.Minute // for which a silent connection may still bring calls
	maxLate  = 4           // of such connections
)

// later lets a read go on whose connection is silent, while others read over another one:
// the calls that it still brings are run. Its incarnation ends after it, and the worker
// begins another one. It reports false if the read has to be given up at once.
func (r *run) later(id string, own *link.Link, older bool) bool {
	if !r.enterLate(id, own) {
		return false
	}
	go r.await(id, own, older)
	r.s.settings.log.Warn("desir: a worker reads calls over another connection, since the one before is silent", "service", r.s.label())
	return true
}

func (r *run) enterLate(id string, own *link.Link) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.id != id || len(r.lates) >= maxLate {
		return false
	}
	r.id = ""
	if r.lates == nil {
		r.lates = map[string]*link.Link{}
	}
	r.lates[id] = own
	r.calls.Add(1) // the worker does not end before it
	return true
}

// await reads what a silent connection still brings.
func (r *run) await(id string, own *link.Link, older bool) {
	defer r.calls.Done()
	got := popped{key: r.s.service.calls, older: older}
	pop := link.Command{Take: got.take}
	own.Allow(lateTime)
	_ = own.Receive(&pop) // the command has it
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
		r.s.settings.log.Warn("desir: a read of calls was given up; its calls may have ended for their callers", "service", r.s.label(), "error", pop.Err)
	}
	for _, f := range got.calls {
		r.start(r.open(f))
	}
	notify(r.kick)
}

// keepLates renews the leases of the incarnations whose reads are late.
func (r *run) keepLates() {
	r.mu.Lock()
	var ids []string
	for id := range r.lates {
		ids = append(ids, id)
	}
	r.mu.Unlock()
	for _, id := range ids {
		ctx, cancel := context.WithTimeout(context.Background(), lease/3)
		_, _ = r.lease(ctx, id, "renew") // one that has ended may still bring calls of before
		cancel()
	}
}

// cutLates gives up the reads that are late.
func (r *run) cutLates() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, own := range r.lates {
		own.Close()
	}
}
