package redistest

import (
	"context"
	"io"
	"sync/atomic"

	"github.com/redis/go-redis/v9"
)

// LoseReply makes a client lose the reply of the next command that succeeds, as if the
// connection broke after the server had executed the command. It is for examples, which
// have no testing.TB for a Proxy.
func LoseReply(rdb redis.UniversalClient) { rdb.AddHook(&replyLoser{}) }

// replyLoser is a hook that replaces the reply of one command with a connection's error.
type replyLoser struct{ done atomic.Bool }

func (l *replyLoser) DialHook(next redis.DialHook) redis.DialHook { return next }

func (l *replyLoser) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if err := next(ctx, cmd); err != nil || !l.loses(cmd) {
			return err
		}
		cmd.SetErr(io.ErrUnexpectedEOF)
		return io.ErrUnexpectedEOF
	}
}

// loses reports whether to lose the reply of cmd. It spares the handshake of a
// connection.
func (l *replyLoser) loses(cmd redis.Cmder) bool {
	switch cmd.Name() {
	case "hello", "auth", "client", "select", "ping":
		return false
	default:
		return l.done.CompareAndSwap(false, true)
	}
}

func (l *replyLoser) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if err := next(ctx, cmds); err != nil || !l.loses(cmds[0]) {
			return err
		}
		for _, cmd := range cmds {
			cmd.SetErr(io.ErrUnexpectedEOF)
		}
		return io.ErrUnexpectedEOF
	}
}
