package send

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"

	"github.com/redis/go-redis/v9"
)

// Permanent reports whether an error ends a wait, because a retry would fail too. Other
// errors are transient, and waits survive them: those that failovers, restarts,
// partitions, slot moves and full servers cause. A nil error is not permanent.
func Permanent(err error) bool {
	switch {
	case err == nil:
		return false
	case errors.Is(err, redis.ErrClosed), errors.Is(err, ErrHookPanic), errors.Is(err, ErrBadReply):
		return true
	case errors.Is(err, ErrUnavailable): // no connection, a read without a reply, or such a code
		return false
	case errors.Is(err, ErrMaybeRan): // a write without a reply
		return false
	case errors.Is(err, ErrOutOfMemory):
		return false
	default: // a read with a timeout of its own
		return !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled)
	}
}

// Retryable reports whether a command with this error was not executed, and the same
// client may send it again.
func Retryable(err error) bool {
	return errors.Is(err, ErrUnavailable) && !errors.Is(err, redis.ErrClosed)
}

// SlotMoved reports whether err is a node's reply that it no longer has the slot, or only a
// part of it. Nothing was executed there, and another node may execute the command.
func SlotMoved(err error) bool {
	return err != nil && !errors.Is(err, ErrNotSupported) && // of a client that ignores redirects
		(redis.HasErrorPrefix(err, "MOVED ") || redis.HasErrorPrefix(err, "ASK ") || redis.HasErrorPrefix(err, "TRYAGAIN "))
}

// retrySoon reports whether a retry of the same call may succeed after a short pause.
func retrySoon(err error) bool {
	return Retryable(err) && !errors.Is(err, errTooManyAbandoned) &&
		!errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
}

// Reason identifies the cause of an error in logs: the code of an error reply, or the
// class. Errors with the same cause have the same reason.
func Reason(err error) string {
	var reply redis.Error
	if errors.As(err, &reply) {
		code, _, _ := strings.Cut(reply.Error(), " ")
		return code
	}
	if errors.Is(err, ErrUnavailable) || errors.Is(err, ErrMaybeRan) {
		return "no reply"
	}
	return err.Error()
}

// untrusted reports whether err means that client and server cannot agree on TLS. A retry
// cannot succeed.
func untrusted(err error) bool {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok { // the server speaks no TLS
		return true
	}
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "remote error" && (strings.Contains(op.Error(), "certificate") ||
		strings.Contains(op.Error(), "protocol version") || strings.Contains(op.Error(), "handshake failure"))
}

// ignoresRedirects reports whether a client does not follow the redirects of a cluster.
// It returns false for a client of an unknown type, unless that type embeds a client.
func ignoresRedirects(rdb redis.UniversalClient) bool {
	switch rdb.(type) {
	case *redis.ClusterClient:
		return false
	case *redis.Client, *redis.Ring:
		return true
	case interface{ Options() *redis.Options }, interface{ Options() *redis.RingOptions }:
		return true
	default:
		return false
	}
}
