package worker

import (
	"context"
	"errors"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/send"
	"github.com/desir-go/desir/rpc/internal/lua"
	"github.com/desir-go/desir/rpc/internal/resp"
	"github.com/desir-go/desir/rpc/internal/wire"
)

const (
	readerRenewsAfter = wire.LeaseTime / 4 // the reader renews the lease after this time, over its connection
	// The lease is renewed through the client after this time, if the reader has not done
	// it.
	clientRenewsAfter = wire.LeaseTime / 2
)

var errLease = errors.New("the worker's lease has expired and could not be renewed; it takes no calls")

// ensureLease opens the connection, and renews the lease over it if that is due. So a
// client whose pool is exhausted does not lose its lease. It returns an error if the
// lease is not valid by the worker's own clock; no call may be taken then. If it fails,
// no call was taken.
//
// After the connection was idle, it renews the lease first, because the server may have
// closed the connection: only a renewal is lost then, and no call.
func (cr *callReader) ensureLease(ctx context.Context, id string) error {
	r := cr.run
	idle := cr.Conn != nil && r.w.age()-cr.usedAt > idleTime
	for {
		if cr.Conn == nil {
			if err := cr.Open(ctx); err != nil {
				return err
			}
			cr.usedAt = r.w.age()
		}
		err := cr.renewLease(ctx, id, idle)
		if err == nil {
			break
		}
		if !idle {
			return err
		}
		idle = false
		cr.Close()
	}
	if r.sinceRenewal() >= wire.LeaseTime {
		return send.WithClass(send.ErrUnavailable, errLease)
	}
	return nil
}

// keepLease renews the lease without a read.
func (cr *callReader) keepLease(id string) {
	if cr.run.sinceRenewal() < readerRenewsAfter {
		return
	}
	// The next read opens a new connection.
	if err := cr.ensureLease(context.Background(), id); err != nil {
		cr.CloseAfter(err)
	}
}

// renewLease renews the lease over the connection if it is due or now is set. An error
// means that the connection must be closed, or that the lease has expired.
func (cr *callReader) renewLease(ctx context.Context, id string, now bool) error {
	r := cr.run
	sent := r.w.age()
	if cr.Conn == nil || !now && (r.sinceRenewal() < readerRenewsAfter || sent-cr.renewalFailedAt < readerRenewsAfter) {
		return nil
	}
	err := cr.sendLease(ctx, id, "evalsha", lua.Lease.Digest(r.shared))
	if redis.HasErrorPrefix(err, "NOSCRIPT") {
		err = cr.sendLease(ctx, id, "eval", lua.Lease.Source(r.shared))
	}
	switch {
	case err == nil:
		cr.usedAt = r.w.age()
		if ok, err := r.handleLease(id, cr.leaseReply, sent); err == nil && !ok {
			r.clearIncarnation(id)
		}
	case !send.IsReply(err):
		// The lease may have been renewed, but no call was taken.
		return send.WithClass(send.ErrUnavailable, send.Cause(err))
	case r.sinceRenewal() >= wire.LeaseTime:
		return err
	default: // retried later, also through the client
		cr.renewalFailedAt, cr.usedAt = sent, r.w.age()
	}
	return nil
}

func (cr *callReader) sendLease(ctx context.Context, id, command, script string) error {
	r, s := cr.run, &cr.run.w.keys
	cr.leaseReply = cr.leaseReply[:0]
	cr.leaseCmd.Args = append(cr.leaseCmd.Args[:0], command, script, "4", s.Workers, s.Ended, s.About, s.Alive,
		id, leaseMillis, strconv.Itoa(r.w.Queue), r.w.About(id, r.started), "renew")
	return cr.Do(ctx, &cr.leaseCmd)
}

var leaseMillis = strconv.FormatInt(wire.LeaseTime.Milliseconds(), 10)

func (cr *callReader) decodeLease(reply *resp.Reply) {
	for n := reply.List(); n > 0 && reply.Err() == nil; n-- {
		cr.leaseReply = append(cr.leaseReply, reply.Text())
	}
}
