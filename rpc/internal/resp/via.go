package resp

import (
	"bytes"
	"context"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/send"
)

// DoVia sends commands through a client that finds the nodes by itself, and decodes the
// replies as a [Conn] does.
func DoVia(ctx context.Context, process func(context.Context, ...redis.Cmder) error, cmds ...*Command) {
	out := make([]redis.Cmder, len(cmds))
	for i, c := range cmds {
		args := make([]any, len(c.Args))
		for j, arg := range c.Args {
			args[j] = arg
		}
		cmd := redis.NewCmd(ctx, args...)
		cmd.SetFirstKeyPos(int8(c.KeyPos))
		out[i] = cmd
	}
	_ = process(ctx, out...) // each command has its own error
	for i, c := range cmds {
		c.Null, c.Err = false, out[i].Err()
		switch {
		case send.IsNil(c.Err):
			c.Null, c.Err = true, nil
		case c.Err == nil:
			b := appendValue(nil, out[i].(*redis.Cmd).Val())
			_ = c.read(NewReply(bytes.NewReader(b))) // the command has the error
		}
	}
}

// appendValue encodes a value that go-redis has decoded.
func appendValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, "_\r\n"...)
	case string:
		return appendString(b, v)
	case int64:
		return append(strconv.AppendInt(append(b, ':'), v, 10), "\r\n"...)
	case []any:
		b = appendHeader(b, '*', len(v))
		for _, one := range v {
			b = appendValue(b, one)
		}
		return b
	case map[any]any:
		b = appendHeader(b, '%', len(v))
		for k, one := range v {
			b = appendValue(appendValue(b, k), one)
		}
		return b
	default: // an error, or a type that our commands do not return
		return append(append(append(b, '-'), fmt.Sprintf("%T within a reply", v)...), "\r\n"...)
	}
}
