package worker

import (
	"context"
	"crypto/rand"
	"strconv"
	"time"

	"github.com/desir-go/desir/internal/outage"
	"github.com/desir-go/desir/internal/script"
	"github.com/desir-go/desir/internal/send"
	"github.com/desir-go/desir/rpc/internal/lua"
	"github.com/desir-go/desir/rpc/internal/resp"
	"github.com/desir-go/desir/rpc/internal/wire"
)

func (r *run) incarnation() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.id
}

// beginIncarnation starts an incarnation, unless there is one. It retries until the
// server grants it. It returns false when the worker has to end, with an error if it can
// never work.
func (r *run) beginIncarnation() (bool, error) {
	r.beginMu.Lock()
	defer r.beginMu.Unlock()
	if r.incarnation() != "" {
		return true, nil
	}
	id := rand.Text()
	ctx, cancel := r.leaveContext()
	defer cancel()
	for retry := resp.Pauses.Start(); ; {
		_, err := r.updateLease(ctx, id, "begin")
		switch {
		case err == nil:
			r.mu.Lock()
			r.id = id
			r.mu.Unlock()
			r.beginOutage.logEnd(r.w, "has started")
			return true, nil
		case send.Permanent(err):
			return false, err
		}
		if ctx.Err() != nil {
			err = outage.ErrSilent
		}
		r.beginOutage.logFailure(r.w, "start", err)
		if !retry.WaitUntil(r.draining) {
			return false, nil
		}
	}
}

// replaceIncarnation abandons the incarnation: its calls are lost. The worker continues
// as a new incarnation, which begins before the old one ends, so that callers always find
// a worker.
func (r *run) replaceIncarnation() (bool, error) {
	r.abandonIncarnation()
	ok, err := r.beginIncarnation()
	signal(r.toEnd)
	return ok, err
}

// signal sends to a channel with a buffer of one, unless it is full.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

const abandonWindow = time.Second // abandoned results within this time count as one loss

// abandonResults records that results are lost, so that the incarnation ends uncleanly.
func (r *run) abandonResults() {
	if !r.resultsAbandoned.Swap(true) {
		time.AfterFunc(abandonWindow, func() { signal(r.resultsLost) })
	}
}

// abandonIncarnation marks the incarnation to be ended uncleanly: popped calls may be
// lost.
func (r *run) abandonIncarnation() {
	r.w.Stats.Dropped.Add(1)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.id != "" {
		r.abandoned = append(r.abandoned, r.id)
		r.id = ""
	}
}

// clearIncarnation clears an incarnation that other workers have ended.
func (r *run) clearIncarnation(id string) {
	r.mu.Lock()
	was := r.id == id
	if was {
		r.id = ""
	}
	r.mu.Unlock()
	if was {
		r.w.Log.Warn("desir: a worker was unreachable for longer than its lease; its running calls may have ended for their callers", "service", r.w.label())
	}
}

// endOldIncarnations ends abandoned and completed incarnations, and expired ones of other
// workers.
func (r *run) endOldIncarnations() {
	r.mu.Lock()
	abandoned, finished, expired := r.abandoned, r.finished, r.expired
	r.abandoned, r.finished, r.expired = nil, nil, nil
	r.mu.Unlock()
	for _, id := range abandoned {
		r.endIncarnation(id, strconv.FormatInt(wire.LeaseTime.Milliseconds(), 10), "")
	}
	for _, id := range finished {
		r.endIncarnation(id, "", "")
	}
	for _, id := range expired {
		r.endIncarnation(id, "0", "over")
	}
}

// endLastIncarnation ends the last incarnation of the worker.
func (r *run) endLastIncarnation() {
	r.endOldIncarnations()
	if id := r.incarnation(); id != "" {
		if r.resultsAbandoned.Load() {
			r.endIncarnation(id, strconv.FormatInt(wire.LeaseTime.Milliseconds(), 10), "")
			return
		}
		r.endIncarnation(id, "", "")
		ctx, cancel := context.WithTimeout(context.Background(), leaveTime)
		defer cancel()
		_, _ = script.Unlink(ctx, r.shared, r.w.keys.Poke(id)) // it expires anyway
	}
}

// updateLease begins or renews an incarnation; false means that there is nothing to
// renew.
func (r *run) updateLease(ctx context.Context, id, mode string) (bool, error) {
	s := r.w
	sent := s.age()
	reply, err := lua.Lease.Run(ctx, r.shared,
		[]string{s.keys.Workers, s.keys.Ended, s.keys.About, s.keys.Alive},
		id, wire.LeaseTime.Milliseconds(), s.Queue, s.About(id, r.started), mode)
	if err != nil {
		return false, err
	}
	parts, _ := reply.([]any)
	return r.handleLease(id, parts, sent)
}

// handleLease handles the reply to the lease script, which was sent at the given age of
// the server.
func (r *run) handleLease(id string, reply []any, sent time.Duration) (bool, error) {
	ints, err := lua.Ints(reply[:min(2, len(reply))], 2)
	if err != nil {
		return false, err
	}
	r.clock.Set(ints[1])
	if ints[0] != 1 {
		return false, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.id == id || r.id == "" { // or it begins
		r.renewed.Store(int64(sent))
	}
	if len(reply) > 2 {
		r.expired = nil // the reply lists all expired ones
		for _, id := range reply[2:] {
			if id, ok := id.(string); ok && r.detached[id] == nil {
				r.expired = append(r.expired, id)
			}
		}
		signal(r.toEnd)
	}
	return true, nil
}

// sinceRenewal returns how long ago the lease was renewed.
func (r *run) sinceRenewal() time.Duration { return r.w.age() - time.Duration(r.renewed.Load()) }

// endIncarnation ends an incarnation. lost and mode are arguments of the script.
func (r *run) endIncarnation(id, lost, mode string) {
	ctx, cancel := context.WithTimeout(context.Background(), leaveTime)
	defer cancel()
	s := r.w.keys
	var err error
	for retry := resp.Pauses.Start(); ; {
		_, err = lua.Leave.Run(ctx, r.shared, []string{s.Workers, s.Ended, s.About, s.Alive, s.Poke(id)}, id, lost, mode)
		if err == nil || send.Permanent(err) || !retry.WaitUntil(ctx.Done()) {
			break
		}
	}
	if err != nil {
		r.w.Log.Warn("desir: a worker could not report its end; its lease will expire", "service", r.w.label(), "error", err)
	}
}

// renewLease renews the lease until ended is closed, if the reader does not. It begins a
// new incarnation for one that was ended. It sends permanent errors to fatal.
func (r *run) renewLease(ended <-chan struct{}, fatal chan<- error) {
	wait := clientRenewsAfter
	for {
		timer := time.NewTimer(wait)
		wait = clientRenewsAfter
		select {
		case <-timer.C:
			r.renewDetached()
			if left := clientRenewsAfter - r.sinceRenewal(); left > 0 {
				wait = left
				continue
			}
		case <-r.toEnd:
			timer.Stop()
			r.endOldIncarnations()
			continue
		case <-r.resultsLost:
			timer.Stop()
			r.resultsAbandoned.Store(false)
			r.w.Log.Warn("desir: results could not be delivered; running calls of this worker may end for their callers", "service", r.w.label())
			if _, err := r.replaceIncarnation(); err != nil {
				reportFatal(fatal, err)
			}
			continue
		case <-ended:
			timer.Stop()
			return
		}
		id := r.incarnation()
		if id == "" {
			continue // the reader begins one
		}
		ctx, cancel := context.WithTimeout(context.Background(), wire.LeaseTime/3)
		ok, err := r.updateLease(ctx, id, "renew")
		cancel()
		if err == nil && !ok {
			r.clearIncarnation(id)
			_, err = r.beginIncarnation()
		}
		switch {
		case err != nil && send.Permanent(err):
			reportFatal(fatal, err)
		case err != nil:
			wait = wire.LeaseTime / 10
		}
	}
}

// reportFatal sends a permanent error to the reader, unless one is waiting.
func reportFatal(fatal chan<- error, err error) {
	select {
	case fatal <- err:
	default:
	}
}
