package send

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// commandInfo is what classify needs to know about the command that failed.
type commandInfo struct {
	write            bool // the command is a write
	written          bool // its bytes may have reached the server
	ignoresRedirects bool // the client is not for clusters
}

// classify adds its class to an error of go-redis, the server or the network. It returns
// nil and redis.Nil unchanged. It looks at the most certain evidence first: the server's
// reply, then proof that nothing was sent, then the rest.
func classify(ctx context.Context, err error, r commandInfo) error {
	if err == nil || IsNil(err) || errors.Is(err, ErrCloseCalled) {
		return err
	}
	switch {
	case errors.Is(err, redis.Nil):
		return unknownMaster(err)
	case errors.Is(err, ErrBadReply): // found in a reply that go-redis takes
		return BadReply(err, r.write)
	}
	var reply redis.Error
	if errors.As(err, &reply) {
		err := classifyReply(reply, r.ignoresRedirects)
		if errors.Is(err, ErrBadReply) {
			return BadReply(err, r.write)
		}
		return err
	}
	if garbled, ok := unparsable(err); ok {
		return BadReply(garbled, r.write)
	}
	if ended := contextEnd(ctx, err); ended != nil {
		switch {
		case !r.write:
			return ended
		case r.written && !neverSent(err):
			return WithClass(ErrMaybeRan, ended)
		default:
			return WithClass(ErrUnavailable, ended)
		}
	}
	switch {
	case errors.Is(err, redis.ErrClosed):
		return WithClass(ErrClosed, err)
	case untrusted(err):
		return WithClass(ErrNotSupported, err)
	case r.write && r.written && !neverSent(err):
		return WithClass(ErrMaybeRan, err)
	default:
		return WithClass(ErrUnavailable, err)
	}
}

// contextEnd returns the context's error if it caused err. go-redis passes the deadline
// to the socket, so the network timeout can come just before the context reports its end.
func contextEnd(ctx context.Context, err error) error {
	if ended := ctx.Err(); ended != nil {
		return ended
	}
	if d, ok := ctx.Deadline(); ok && !time.Now().Before(d) && isTimeout(err) {
		return context.DeadlineExceeded
	}
	return nil
}

// IsNil reports whether err is a null reply. It does not look into joined errors:
// sentinels that do not know their master reply with null too, and go-redis joins that
// into the error of a command that was never sent. Such an error must not look like a
// miss.
func IsNil(err error) bool {
	for err != nil && err != redis.Nil {
		err = errors.Unwrap(err)
	}
	return err != nil
}

// unknownMaster returns the error of a command whose master the sentinels do not know. If
// some sentinels could not be asked, the error is transient: they may know it.
func unknownMaster(err error) error {
	why := errors.New(err.Error()) // without redis.Nil, which is a miss elsewhere
	if allCauses(err, func(cause error) bool { return cause == redis.Nil }) {
		return WithClass(ErrNotSupported, WithClass(errUnknownMaster, why))
	}
	return WithClass(ErrUnavailable, why)
}

// allCauses reports whether f holds for all causes of err.
func allCauses(err error, f func(error) bool) bool {
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		return allCauses(e.Unwrap(), f)
	case interface{ Unwrap() []error }:
		return !slices.ContainsFunc(e.Unwrap(), func(err error) bool { return !allCauses(err, f) })
	}
	return f(err)
}

// IsReply reports whether err is an error reply of the server.
func IsReply(err error) bool {
	var reply redis.Error
	return IsNil(err) || !errors.Is(err, redis.Nil) && errors.As(err, &reply)
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// neverSent reports whether err proves that the command was not sent, because there was
// no connection for it.
func neverSent(err error) bool {
	_, unsent := errors.AsType[unsent](err)
	return unsent || isDial(err) ||
		errors.Is(err, redis.ErrPoolTimeout) ||
		errors.Is(err, redis.ErrPoolExhausted) ||
		errors.Is(err, redis.ErrClosed)
}

func isDial(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// unparsable returns the error of a reply that go-redis cannot parse. It omits the text
// of the reply, which may contain a stored value.
func unparsable(err error) (error, bool) {
	text := err.Error()
	for _, start := range []string{
		"redis: can't parse", "redis: can't read raw reply", "redis: invalid reply", "redis: invalid line", "redis: got ",
		"redis: unexpected ", "redis: RESP3 map key", "redis: the length of the array", "redis: expected '*'", "redis: unsupported pubsub message", "strconv.", "bigInt(",
	} {
		if rest, ok := strings.CutPrefix(text, start); ok {
			kind, _, _ := strings.Cut(rest, ":")
			if start != "redis: can't parse" && start != "redis: got " || strings.ContainsAny(kind, "\"=%") {
				kind = ""
			}
			return WithClass(ErrBadReply, errors.New("go-"+strings.TrimSpace(start+kind))), true
		}
	}
	return nil, false
}
