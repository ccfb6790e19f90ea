package send

import (
	"context"
	"errors"
	"net"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// request says what classify has to know of the command that failed.
type request struct {
	write   bool // it changes something
	written bool // its bytes may have reached the server
}

// classify maps an error of go-redis, of the server or of the network to its
// class. redis.Nil and nil pass. The order of the tests is the order of
// certainty: what the server answered, what cannot have been sent, the rest.
func classify(ctx context.Context, err error, r request) error {
	if err == nil || errors.Is(err, redis.Nil) {
		return err
	}
	var answer redis.Error
	if errors.As(err, &answer) {
		return classifyReply(answer)
	}
	if ended := contextEnd(ctx, err); ended != nil {
		switch {
		case !r.write:
			return ended
		case r.written && !neverSent(err):
			return Fault(ErrMaybeRan, ended)
		default:
			return Fault(ErrUnavailable, ended)
		}
	}
	switch {
	case errors.Is(err, redis.ErrClosed):
		return Fault(ErrClosed, err)
	case r.write && r.written && !neverSent(err):
		return Fault(ErrMaybeRan, err)
	default:
		return Fault(ErrUnavailable, err)
	}
}

// contextEnd returns the context's error when it is why err came. A deadline
// that go-redis passed to the socket shows as a network timeout, at times a
// moment before the context itself notices.
func contextEnd(ctx context.Context, err error) error {
	if ended := ctx.Err(); ended != nil {
		return ended
	}
	if d, ok := ctx.Deadline(); ok && !time.Now().Before(d) && isTimeout(err) {
		return context.DeadlineExceeded
	}
	return nil
}

// IsReply reports whether the server has answered with an error.
func IsReply(err error) bool {
	var answer redis.Error
	return errors.As(err, &answer)
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// neverSent reports whether err itself proves that no server has seen the
// command: no connection was to be had for it.
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

// classes maps the first word of an error reply to its class. A reply of one
// of these words means that the command was not executed.
var classes = map[string]error{
	"WRONGTYPE":   ErrWrongType,
	"NOPERM":      ErrDenied,
	"NOAUTH":      ErrDenied,
	"WRONGPASS":   ErrDenied,
	"OOM":         ErrOutOfMemory,
	"CROSSSLOT":   ErrCrossSlot,
	"READONLY":    ErrUnavailable,
	"LOADING":     ErrUnavailable,
	"MASTERDOWN":  ErrUnavailable,
	"CLUSTERDOWN": ErrUnavailable,
	"TRYAGAIN":    ErrUnavailable,
	"NOREPLICAS":  ErrUnavailable,
	"BUSY":        ErrUnavailable,
	"MISCONF":     ErrUnavailable,
	"UNBLOCKED":   ErrUnavailable,
	"MOVED":       ErrUnavailable,
	"ASK":         ErrUnavailable,
}

// texts maps parts of replies whose first word is only ERR, or nothing.
var texts = []struct {
	part  string
	class error
}{
	{"WRONGTYPE Operation", ErrWrongType}, // the embedded server puts words in front inside a script
	{"The user executing the script can't", ErrDenied},
	{"max number of clients reached", ErrUnavailable},
	{"unknown command", ErrNotSupported},
	{"Unknown Redis command", ErrNotSupported},              // the same from inside a script
	{"Unknown command called from script", ErrNotSupported}, // the same, of Valkey
	{"unknown subcommand", ErrNotSupported},
	{"same slot", ErrCrossSlot},
	{"access a non local key in a cluster node", ErrCrossSlot},
	{"value is not an integer", ErrWrongType}, // "ERR hash value is not an integer" too
	{"value is not a valid float", ErrWrongType},
	{"value is not a float", ErrWrongType},
}

// Lasting reports whether an error will be there again however long one waits.
func Lasting(err error) bool {
	return errors.Is(err, ErrWrongType) || errors.Is(err, ErrDenied) ||
		errors.Is(err, ErrNotSupported) || errors.Is(err, ErrCrossSlot)
}

// classifyReply gives an error reply its class; a reply that fits none stays
// what it is. Text that quotes arguments is cut off.
func classifyReply(answer redis.Error) error {
	text := answer.Error()
	if i := strings.Index(text, ", with args beginning with"); i >= 0 {
		text = text[:i]
		answer = reply(text)
	}
	word, _, _ := strings.Cut(text, " ")
	if class := classes[word]; class != nil {
		return Fault(class, answer)
	}
	for _, t := range texts {
		if strings.Contains(text, t.part) {
			return Fault(t.class, answer)
		}
	}
	return answer
}
