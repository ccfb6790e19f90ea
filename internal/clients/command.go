package clients

import (
	"context"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/send"
)

// Read sends a read command on the object's key and returns its reply. The command is its
// name, the key and args. newCmd is go-redis' constructor for the kind of reply, such as
// [redis.NewIntCmd]. The name is an any, since a constant then costs no allocation.
func Read[C reply[T], T any](ctx context.Context, h *Handle, newCmd func(context.Context, ...any) C, name any, args ...any) (v T, err error) {
	s, err := h.Sender()
	if err != nil {
		return v, err
	}
	cmd := newCmd(ctx, h.args(name, args)...)
	return send.Reply(cmd, s.Read(ctx, cmd))
}

// Write is like Read, for a command that writes. It is sent once.
func Write[C reply[T], T any](ctx context.Context, h *Handle, newCmd func(context.Context, ...any) C, name any, args ...any) (v T, err error) {
	s, err := h.Sender()
	if err != nil {
		return v, err
	}
	cmd := newCmd(ctx, h.args(name, args)...)
	return send.Reply(cmd, s.Write(ctx, cmd))
}

// reply is a command whose reply is a T.
type reply[T any] interface {
	redis.Cmder
	Val() T
}

func (h *Handle) args(name any, args []any) []any {
	return append(append(make([]any, 0, 2+len(args)), name, h.Key), args...)
}
