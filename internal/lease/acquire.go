package lease

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/desir-go/desir/internal/send"
	"github.com/desir-go/desir/internal/wait"
)

// copyTime is how long after a request was sent the server may still execute it: the block
// of a waiter, and the time that a connection may be silent.
const copyTime = 8 * time.Second

// maxCopies is how often Try sends a request whose replies are lost.
const maxCopies = 5

// maxLate is how often a request is sent again because the server's clock was not known.
const maxLate = 3

// Try acquires a lease if it is free, and returns nil if it is not. If the reply is lost, it
// asks again, with the same ID. An error means that this process does not have the lease: if
// a request is still in flight, its lease is released in the background.
func (k *Keeper) Try(ctx context.Context, r Request) (*Lease, error) {
	l, _, err := k.try(ctx, r, false)
	return l, err
}

// try is Try. If the lease is not free, it returns the reply. If the caller waits then, its
// process is recorded as waiting.
func (k *Keeper) try(ctx context.Context, r Request, waits bool) (l *Lease, refused wait.ClaimReply, err error) {
	id := k.ids.next()
	pause := pauses.Start()
	copies := int64(0) // until when earlier copies of the request may arrive
	for late, sends := 0, 1; ; sends++ {
		sent := time.Now()
		until := k.clock.ToServer(sent.Add(copyTime))
		reply, err := acquireScript.Run(ctx, k.shared, r.Keys.all(), k.acquireArgs(r, id, until, copies, waits, !k.lines.empty(r.Keys.Leases))...)
		if err == nil {
			var a wait.ClaimReply
			if a, err = wait.ParseClaim(reply); err == nil {
				k.clock.Set(a.Millis)
				switch {
				case a.State == wait.ClaimAgain && late < maxLate:
					late++
					continue
				case a.State == wait.ClaimAgain:
					k.releaseCopies(r.Keys, id, copies)
					return nil, refused, send.WithClass(send.ErrUnavailable, errLate)
				case a.State == wait.ClaimNone:
					k.releaseCopies(r.Keys, id, copies)
					return nil, a, nil
				}
				k.lines.taken(r)
				if l, err = k.newLease(ctx, r, a.Value, sent, copies); err != nil {
					k.lines.gone(r)
					k.releaseCopies(r.Keys, id, max(copies, until))
				}
				return l, refused, err
			}
		}
		if errors.Is(err, send.ErrMaybeRan) {
			copies = max(copies, until)
		}
		again := errors.Is(err, send.ErrMaybeRan) || copies > 0 && send.Retryable(err)
		if again && sends < maxCopies && pause.Wait(ctx) {
			continue
		}
		k.releaseCopies(r.Keys, id, copies)
		if copies > 0 || errors.Is(err, send.ErrMaybeRan) { // without a known clock, a request acquires nothing
			err = send.WithClass(send.ErrUnavailable, send.Cause(err))
		}
		return nil, refused, err
	}
}

var errLate = errors.New("the server's clock moves too fast to send a request in time")

// acquireArgs returns the arguments of the script acquire. others is whether other callers of
// this process wait for the lock. waits is whether this one does if it is not free.
func (k *Keeper) acquireArgs(r Request, id string, until, copies int64, waits, others bool) []any {
	process := k.ids.prefix
	if !waits {
		process = ""
	}
	return []any{wait.WakeMode(k.shared), id, until, copies, r.Weight, r.Capacity, r.TTL.Milliseconds(), r.Owner, process, others}
}

// releaseCopies releases, in the background, a lease that a request without a reply may have
// acquired, or may still acquire until the time copies. It does nothing if there was none.
func (k *Keeper) releaseCopies(names Keys, id string, copies int64) {
	if copies > 0 {
		k.releaseUntil(names, id, copies, copies)
	}
}

// releaseRecord releases, in the background, a lease that no caller has.
func (k *Keeper) releaseRecord(r Request, record string) {
	k.releaseUntil(r.Keys, record, 0, k.clock.ToServer(time.Now().Add(r.TTL)))
}

// releaseUntil sends a release, in the background, until there is a reply, or the server's
// clock is past end.
func (k *Keeper) releaseUntil(names Keys, lease string, copies, end int64) {
	k.releases.Add(1)
	go func() {
		defer k.releases.Add(-1)
		ctx := context.Background()
		for pause := pauses.Start(); ; pause.Wait(ctx) {
			_, err := k.sendRelease(ctx, names, lease, copies, "")
			if err == nil || send.Permanent(err) || k.clock.ToServer(time.Now()) > end {
				return
			}
		}
	}()
}

// sendRelease sends the release of a lease once, and reports whether the lease was there. The
// lease is its record, or the ID of its request if that is not known. Copies of the request may
// arrive until the time copies. idle is the name of this process if nobody waits in it and the
// wake-up would name it, else empty.
func (k *Keeper) sendRelease(ctx context.Context, names Keys, lease string, copies int64, idle string) (bool, error) {
	args := []any{wait.WakeMode(k.shared), lease, copies}
	if idle != "" {
		args = append(args, idle)
	}
	reply, err := releaseScript.Run(ctx, k.shared, names.all(), args...)
	return reply == int64(1), err
}

// number parses a part of a reply.
func number(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, badReply("a part is not a number")
	}
	return n, nil
}

func badReply(why string) error {
	return send.BadReply(fmt.Errorf("of a script of leases: %s", why), true)
}
