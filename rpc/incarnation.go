package rpc

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/desir-go/desir/internal/outage"
	"github.com/desir-go/desir/internal/script"
)

func (r *run) incarnation() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.id
}

// begin starts an incarnation, unless there is one. It retries until the server grants
// it. It returns false when the worker has to end, with an error if it can never work.
func (r *run) begin() (bool, error) {
	r.starting.Lock()
	defer r.starting.Unlock()
	if r.incarnation() != "" {
		return true, nil
	}
	id := rand.Text()
	ctx, cancel := r.untilLeft()
	defer cancel()
	for p := pauses.Start(); ; {
		_, err := r.lease(ctx, id, "begin")
		switch {
		case err == nil:
			r.mu.Lock()
			r.id = id
			r.mu.Unlock()
			r.beginning.over(r.s, "has started")
			return true, nil
		case permanent(err):
			return false, err
		}
		if ctx.Err() != nil {
			err = outage.ErrSilent
		}
		r.beginning.begin(r.s, "start", err)
		if !p.WaitUntil(r.draining) {
			return false, nil
		}
	}
}

// spoil abandons the incarnation: its calls are lost. The worker continues as a new
// incarnation, which begins before the old one ends, so that callers always find a
// worker.
func (r *run) spoil() (bool, error) {
	r.drop()
	ok, err := r.begin()
	notify(r.kick)
	return ok, err
}

// notify signals a channel that holds one.
func notify(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

const giveUpTime = time.Second // abandoned results within this time count as one loss

// giveUp records that results are lost, so that the incarnation ends uncleanly.
func (r *run) giveUp() {
	if !r.gaveUp.Swap(true) {
		time.AfterFunc(giveUpTime, func() { notify(r.lost) })
	}
}

// drop marks the incarnation to be ended uncleanly: popped calls may be lost.
func (r *run) drop() {
	r.s.stats.dropped.Add(1)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.id != "" {
		r.spoilt = append(r.spoilt, r.id)
		r.id = ""
	}
}

// forget clears an incarnation that other workers have ended.
func (r *run) forget(id string) {
	r.mu.Lock()
	was := r.id == id
	if was {
		r.id = ""
	}
	r.mu.Unlock()
	if was {
		r.s.settings.log.Warn("desir: a worker was unreachable for longer than its lease; its running calls may have ended for their callers", "service", r.s.label())
	}
}

// endSpoilt ends abandoned and completed incarnations, and expired ones of other workers.
func (r *run) endSpoilt() {
	r.mu.Lock()
	spoilt, left, over := r.spoilt, r.left, r.over
	r.spoilt, r.left, r.over = nil, nil, nil
	r.mu.Unlock()
	for _, id := range spoilt {
		r.leave(id, strconv.FormatInt(lease.Milliseconds(), 10), "")
	}
	for _, id := range left {
		r.leave(id, "", "")
	}
	for _, id := range over {
		r.leave(id, "0", "over")
	}
}

// end ends the last incarnation of the worker.
func (r *run) end() {
	r.endSpoilt()
	if id := r.incarnation(); id != "" {
		if r.gaveUp.Load() {
			r.leave(id, strconv.FormatInt(lease.Milliseconds(), 10), "")
			return
		}
		r.leave(id, "", "")
		ctx, cancel := context.WithTimeout(context.Background(), leaveTime)
		defer cancel()
		_, _ = script.Unlink(ctx, r.shared, r.s.service.poke(id)) // it expires anyway
	}
}

// lease begins or renews an incarnation; false means that there is nothing to renew.
func (r *run) lease(ctx context.Context, id, how string) (bool, error) {
	s := r.s
	sent := s.age()
	answer, err := leaseScript.Run(ctx, r.shared,
		[]string{s.service.workers, s.service.ended, s.service.about, s.service.alive},
		id, lease.Milliseconds(), s.settings.queue, r.about(id), how)
	if err != nil {
		return false, err
	}
	parts, _ := answer.([]any)
	return r.leased(id, parts, sent)
}

// leased handles the reply to the lease script, which was sent at the given age of the
// server.
func (r *run) leased(incarnation string, answer []any, sent time.Duration) (bool, error) {
	n, err := numbers(answer[:min(2, len(answer))], 2)
	if err != nil {
		return false, err
	}
	r.clock.tell(n[1])
	if n[0] != 1 {
		return false, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.id == incarnation || r.id == "" { // or it begins
		r.renewed.Store(int64(sent))
	}
	if len(answer) > 2 {
		r.over = nil // the reply lists all expired ones
		for _, id := range answer[2:] {
			if id, ok := id.(string); ok && r.lates[id] == nil {
				r.over = append(r.over, id)
			}
		}
		notify(r.kick)
	}
	return true, nil
}

// unrenewed returns how long ago the lease was renewed.
func (r *run) unrenewed() time.Duration { return r.s.age() - time.Duration(r.renewed.Load()) }

// about returns what this worker publishes about itself, as JSON.
func (r *run) about(id string) string {
	r.s.mu.Lock()
	info := WorkerInfo{ID: id, Name: r.s.name, Started: r.started, Concurrency: r.s.settings.concurrency, Inboxes: r.s.settings.inboxes()}
	for _, h := range r.s.handlers {
		info.Methods = append(info.Methods, h.info)
	}
	r.s.mu.Unlock()
	slices.SortFunc(info.Methods, func(a, b MethodInfo) int { return strings.Compare(a.Name, b.Name) })
	text, _ := json.Marshal(info) // cannot fail: strings and numbers
	return string(text)
}

// leave ends an incarnation. lost and how are arguments of the script.
func (r *run) leave(id, lost, how string) {
	ctx, cancel := context.WithTimeout(context.Background(), leaveTime)
	defer cancel()
	s := r.s.service
	var err error
	for p := pauses.Start(); ; {
		_, err = leaveScript.Run(ctx, r.shared, []string{s.workers, s.ended, s.about, s.alive, s.poke(id)}, id, lost, how)
		if err == nil || permanent(err) || !p.WaitUntil(ctx.Done()) {
			break
		}
	}
	if err != nil {
		r.s.settings.log.Warn("desir: a worker could not report its end; its lease will expire", "service", r.s.label(), "error", err)
	}
}

// renew renews the lease until ended is closed, if the reader does not. It begins a new
// incarnation for one that was ended. It sends permanent errors to lasting.
func (r *run) renew(ended <-chan struct{}, lasting chan<- error) {
	wait := poolRenews
	for {
		timer := time.NewTimer(wait)
		wait = poolRenews
		select {
		case <-timer.C:
			r.keepLates()
			if left := poolRenews - r.unrenewed(); left > 0 {
				wait = left
				continue
			}
		case <-r.kick:
			timer.Stop()
			r.endSpoilt()
			continue
		case <-r.lost:
			timer.Stop()
			r.gaveUp.Store(false)
			r.s.settings.log.Warn("desir: results could not be delivered; running calls of this worker may end for their callers", "service", r.s.label())
			if _, err := r.spoil(); err != nil {
				tell(lasting, err)
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
		ctx, cancel := context.WithTimeout(context.Background(), lease/3)
		ok, err := r.lease(ctx, id, "renew")
		cancel()
		if err == nil && !ok {
			r.forget(id)
			_, err = r.begin()
		}
		switch {
		case err != nil && permanent(err):
			tell(lasting, err)
		case err != nil:
			wait = lease / 10
		}
	}
}

// tell sends a permanent error to the reader, unless one is waiting.
func tell(lasting chan<- error, err error) {
	select {
	case lasting <- err:
	default:
	}
}
