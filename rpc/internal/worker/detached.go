package worker

import (
	"context"
	"time"

	"github.com/desir-go/desir/rpc/internal/resp"
	"github.com/desir-go/desir/rpc/internal/wire"
)

const (
	detachedTimeout = time.Minute // how long a silent connection may still bring calls
	maxDetached     = 4           // number of such connections
)

// detachRead lets a read on a silent connection continue while other reads use a new
// connection. Calls that it still brings are run. Its incarnation ends after it, and the
// worker begins a new one. It returns false if the read has to be abandoned at once.
func (r *run) detachRead(id string, cn *resp.Conn, noBLMPop bool) bool {
	if !r.addDetached(id, cn) {
		return false
	}
	go r.finishDetached(id, cn, noBLMPop)
	r.w.Log.Warn("desir: a worker reads calls over a new connection, because the previous one is silent", "service", r.w.label())
	return true
}

func (r *run) addDetached(id string, cn *resp.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.id != id || len(r.detached) >= maxDetached {
		return false
	}
	r.id = ""
	if r.detached == nil {
		r.detached = map[string]*resp.Conn{}
	}
	r.detached[id] = cn
	r.inFlight.Add(1) // the worker does not end before the read
	return true
}

// finishDetached reads what a silent connection still brings.
func (r *run) finishDetached(id string, cn *resp.Conn, noBLMPop bool) {
	defer r.inFlight.Done()
	reply := popReply{key: r.w.keys.Calls, noBLMPop: noBLMPop}
	pop := resp.Command{Decode: reply.decode}
	cn.SetReadTimeout(detachedTimeout)
	_ = cn.Receive(&pop) // pop.Err holds the error
	cn.Close()
	r.mu.Lock()
	delete(r.detached, id)
	if pop.Err == nil {
		r.finished = append(r.finished, id)
	} else {
		r.abandoned = append(r.abandoned, id)
	}
	r.mu.Unlock()
	if pop.Err != nil {
		r.w.Stats.Dropped.Add(1)
		r.w.Log.Warn("desir: a read of calls was abandoned; its calls may have ended for their callers", "service", r.w.label(), "error", pop.Err)
	}
	for _, f := range reply.calls {
		r.start(r.newIncoming(f))
	}
	signal(r.toEnd)
}

// renewDetached renews the leases of the incarnations with detached reads.
func (r *run) renewDetached() {
	r.mu.Lock()
	var ids []string
	for id := range r.detached {
		ids = append(ids, id)
	}
	r.mu.Unlock()
	for _, id := range ids {
		ctx, cancel := context.WithTimeout(context.Background(), wire.LeaseTime/3)
		// An ended incarnation may still bring calls that it took before.
		_, _ = r.updateLease(ctx, id, "renew")
		cancel()
	}
}

// closeDetached closes the connections of the detached reads.
func (r *run) closeDetached() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, cn := range r.detached {
		cn.Close()
	}
}
