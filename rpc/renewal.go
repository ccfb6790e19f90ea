package rpc

import (
	"context"
	"errors"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/link"
	"github.com/desir-go/desir/internal/send"
)

const (
	readerRenews = lease / 4 // after which the reader renews the lease, over its connection
	poolRenews   = lease / 2 // after which it is renewed through the client, if the reader has not
)

var errLease = errors.New("the worker's lease has run out and is not renewed; it takes no calls")

// ready opens the connection, and renews the lease over it when that is due. So a client
// whose pool is held by other commands does not stop it. It is an error if the lease is
// not valid by the worker's own clock: no call may be taken then. Nothing was taken in
// any case.
//
// A connection that was idle renews the lease first, since the server may have closed it:
// what is lost then is no call.
func (d *reader) ready(ctx context.Context, id string) error {
	r := d.run
	idle := d.own != nil && r.s.age()-d.used > idleTime
	for {
		if d.own == nil {
			if err := d.open(ctx); err != nil {
				return err
			}
			d.used = r.s.age()
		}
		err := d.renew(ctx, id, idle)
		if err == nil {
			break
		}
		if !idle {
			return err
		}
		idle = false
		d.close()
	}
	if r.unrenewed() >= lease {
		return send.Fault(desir.ErrUnavailable, errLease)
	}
	return nil
}

// keep renews the lease without a read.
func (d *reader) keep(id string) {
	if d.run.unrenewed() < readerRenews {
		return
	}
	if err := d.ready(context.Background(), id); err != nil { // the next one opens another connection
		d.fail(err)
	}
}

// renew renews the lease over the connection, if there is one and it is time, or at once.
// An error says that the connection is to be closed, or that the lease has run out.
func (d *reader) renew(ctx context.Context, id string, atOnce bool) error {
	r := d.run
	sent := r.s.age()
	if d.own == nil || !atOnce && (r.unrenewed() < readerRenews || sent-d.failed < readerRenews) {
		return nil
	}
	err := d.sendLease(ctx, id, "evalsha", leaseScript.Digest(r.hub))
	if redis.HasErrorPrefix(err, "NOSCRIPT") {
		err = d.sendLease(ctx, id, "eval", leaseScript.Source(r.hub))
	}
	switch {
	case err == nil:
		d.used = r.s.age()
		if ok, err := r.leased(id, d.leased, sent); err == nil && !ok {
			r.forget(id)
		}
	case !send.IsReply(err):
		return send.Fault(desir.ErrUnavailable, send.Bare(err)) // of the lease it is not known, but no call was taken
	case r.unrenewed() >= lease:
		return err
	default: // it is tried again, also through the client
		d.failed, d.used = sent, r.s.age()
	}
	return nil
}

func (d *reader) sendLease(ctx context.Context, id, how, what string) error {
	r, s := d.run, &d.run.s.service
	d.leased = d.leased[:0]
	d.lease.Words = append(d.lease.Words[:0], how, what, "4", s.workers, s.ended, s.about, s.alive,
		id, leaseMillis, strconv.Itoa(r.s.settings.queue), r.about(id), "renew")
	return d.do(ctx, &d.lease)
}

var leaseMillis = strconv.FormatInt(lease.Milliseconds(), 10)

func (d *reader) takeLeased(answer *link.Reply) {
	for n := answer.List(); n > 0 && answer.Err() == nil; n-- {
		d.leased = append(d.leased, answer.Text())
	}
}
