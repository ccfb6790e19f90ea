package rpc

import (
	"context"
	"errors"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/conn"
	"github.com/desir-go/desir/internal/send"
)

const (
	readerRenews = lease / 4 // the reader renews the lease after this time, over its connection
	// The lease is renewed through the client after this time, if the reader has not done it.
	poolRenews = lease / 2
)

var errLease = errors.New("the worker's lease has expired and could not be renewed; it takes no calls")

// ready opens the connection, and renews the lease over it if that is due. So a client
// whose pool is exhausted does not lose its lease. It returns an error if the lease is
// not valid by the worker's own clock; no call may be taken then. If it fails, no call
// was taken.
//
// After the connection was idle, it renews the lease first, because the server may have
// closed the connection: only a renewal is lost then, and no call.
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
		return send.WithClass(desir.ErrUnavailable, errLease)
	}
	return nil
}

// keep renews the lease without a read.
func (d *reader) keep(id string) {
	if d.run.unrenewed() < readerRenews {
		return
	}
	// The next read opens a new connection.
	if err := d.ready(context.Background(), id); err != nil {
		d.fail(err)
	}
}

// renew renews the lease over the connection if it is due or atOnce is set. An error
// means that the connection must be closed, or that the lease has expired.
func (d *reader) renew(ctx context.Context, id string, atOnce bool) error {
	r := d.run
	sent := r.s.age()
	if d.own == nil || !atOnce && (r.unrenewed() < readerRenews || sent-d.failed < readerRenews) {
		return nil
	}
	err := d.sendLease(ctx, id, "evalsha", leaseScript.Digest(r.shared))
	if redis.HasErrorPrefix(err, "NOSCRIPT") {
		err = d.sendLease(ctx, id, "eval", leaseScript.Source(r.shared))
	}
	switch {
	case err == nil:
		d.used = r.s.age()
		if ok, err := r.leased(id, d.leased, sent); err == nil && !ok {
			r.forget(id)
		}
	case !send.IsReply(err):
		// The lease may have been renewed, but no call was taken.
		return send.WithClass(desir.ErrUnavailable, send.Cause(err))
	case r.unrenewed() >= lease:
		return err
	default: // retried later, also through the client
		d.failed, d.used = sent, r.s.age()
	}
	return nil
}

func (d *reader) sendLease(ctx context.Context, id, how, what string) error {
	r, s := d.run, &d.run.s.service
	d.leased = d.leased[:0]
	d.lease.Args = append(d.lease.Args[:0], how, what, "4", s.workers, s.ended, s.about, s.alive,
		id, leaseMillis, strconv.Itoa(r.s.settings.queue), r.about(id), "renew")
	return d.do(ctx, &d.lease)
}

var leaseMillis = strconv.FormatInt(lease.Milliseconds(), 10)

func (d *reader) takeLeased(answer *conn.Reply) {
	for n := answer.List(); n > 0 && answer.Err() == nil; n-- {
		d.leased = append(d.leased, answer.Text())
	}
}
