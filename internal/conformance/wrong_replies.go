package conformance

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/redistest"
	"github.com/desir-go/desir/internal/send"
)

// oddReplies contains replies of every kind, none of which is the expected reply to a
// command.
var oddReplies = []struct{ kind, name, text string }{
	{"text", "a status", "+weird\r\n"},
	{"text", "a text", "$5\r\nweird\r\n"},
	{"integer", "an integer", ":7\r\n"},
	{"null", "a null", "$-1\r\n"},
	{"null", "a null array", "*-1\r\n"},
	{"array", "an empty array", "*0\r\n"},
	{"array", "an array of texts", "*2\r\n$5\r\nweird\r\n$5\r\nweird\r\n"},
	{"array", "an array of integers", "*2\r\n:7\r\n:7\r\n"},
	{"array", "an array of arrays", "*1\r\n*1\r\n:7\r\n"},
	{"map", "a map", "%1\r\n$5\r\nweird\r\n:7\r\n"},
	{"set", "a set", "~1\r\n$5\r\nweird\r\n"},
	{"boolean", "a boolean", "#t\r\n"},
	{"double", "a double", ",1.5\r\n"},
	{"null", "a null of RESP3", "_\r\n"},
	{"big", "a big number", "(123456789012345678901234567890\r\n"},
}

// wrongReplies makes a server send each kind of reply to each call. If the commands of
// the call cannot have such a reply, the call must fail with an error that says so. The
// error of a write must be ErrMaybeRan too.
func (s Subject) wrongReplies(t *testing.T, r *redistest.Redis) {
	if r.Name != "redis-server" {
		t.Skip("the same for every server")
	}
	normal := s.replyKinds(t, r)
	for _, o := range oddReplies {
		addr := redistest.FakeServer(t, func(args []string) string {
			switch strings.ToLower(args[0]) {
			case "hello":
				return "%2\r\n+server\r\n+redis\r\n+proto\r\n:3\r\n"
			case "client", "ping", "select":
				return "+OK\r\n"
			}
			return o.text
		})
		rdb := redis.NewClient(&redis.Options{Addr: addr, Protocol: redistest.Protocol(t), DisableIdentity: true, MaxRetries: -1})
		t.Cleanup(func() { _ = rdb.Close() })
		for i, c := range s.Calls(rdb, "k") {
			if slices.Contains(normal[i], o.kind) {
				continue
			}
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			err := c.Do(ctx)
			cancel()
			s.checkError(t, c, "k", err)
			if err == nil {
				t.Errorf("%s: %s passes; its replies are %q", c.name(), o.name, normal[i])
				continue
			}
			if o.kind == "integer" && errors.Is(err, desir.ErrUnavailable) && !c.Write {
				continue // go-redis reads it as the length of a list and waits for the elements
			}
			if !errors.Is(err, send.ErrBadReply) || strings.Contains(err.Error(), "weird") ||
				errors.Is(err, desir.ErrUnavailable) || errors.Is(err, desir.ErrMaybeRan) != (c.Write && len(c.Sends) == len(c.last())) {
				t.Errorf("%s: %s is %v", c.name(), o.name, err)
			}
		}
	}
}

// replyKinds returns the kinds of replies that a real server sends to each call, with and
// without values at the key.
func (s Subject) replyKinds(t *testing.T, r *redistest.Redis) [][]string {
	rdb, seen := r.NewClient(t), &replyRecorder{}
	rdb.AddHook(seen)
	key := tagged(t, r, "k")
	all := s.Calls(rdb, key)
	kinds := make([][]string, len(all))
	for i, c := range all {
		if c.unsupported(t.Context(), r.Raw()) {
			kinds[i] = []string{"text", "integer", "null", "array", "map", "set", "boolean", "double", "big"}
			continue
		}
		for _, filled := range []bool{true, false} {
			must(t, r.Raw().Del(t.Context(), key).Err())
			if filled {
				must(t, s.Fill(t.Context(), r.Raw(), key))
			}
			seen.reset()
			_ = c.Do(t.Context()) // some calls fail if the key is missing
			kinds[i] = append(kinds[i], seen.kinds...)
		}
	}
	return kinds
}

// replyRecorder is a hook that records the kinds of replies.
type replyRecorder struct {
	mu    sync.Mutex
	kinds []string
}

func (x *replyRecorder) reset() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.kinds = nil
}

func (x *replyRecorder) record(cmds ...redis.Cmder) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, cmd := range cmds {
		x.kinds = append(x.kinds, replyKindsOf(cmd)...)
	}
}

func (x *replyRecorder) DialHook(next redis.DialHook) redis.DialHook { return next }

func (x *replyRecorder) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		if send.IsNil(err) {
			cmd.SetErr(err) // go-redis sets it only after the hooks
		}
		x.record(cmd)
		return err
	}
}

func (x *replyRecorder) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		err := next(ctx, cmds)
		x.record(cmds...)
		return err
	}
}

// emptyReplyKinds returns the kind of the reply of a command that finds no element to
// remove.
func emptyReplyKinds(cmd any) []string {
	switch cmd.(type) {
	case *redis.StringSliceCmd, *redis.ZSliceCmd, *redis.ZWithKeyCmd:
		return []string{"null"}
	default:
		return nil
	}
}

// replyKindsOf returns the kinds of replies that a command may have, judged by one reply
// and by the type of the command.
func replyKindsOf(cmd redis.Cmder) []string {
	if inner := reflect.Indirect(reflect.ValueOf(cmd)).FieldByName("Cmder"); inner.IsValid() {
		return append(replyKindsOf(inner.Interface().(redis.Cmder)), emptyReplyKinds(inner.Interface())...) // a command that is sent at most once
	}
	var kinds []string
	if send.IsNil(cmd.Err()) {
		kinds = append(kinds, "null")
	}
	generic, ok := cmd.(interface{ Val() any })
	if !ok {
		switch strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%T", cmd), "*redis."), "Cmd") {
		case "Int", "Duration":
			return append(kinds, "integer")
		case "Bool":
			return append(kinds, "integer", "boolean")
		case "String":
			return append(kinds, "text", "integer", "double", "boolean", "big", "null") // go-redis reads all scalars as text
		case "Status":
			return kinds // a status other than OK is refused
		case "Float":
			return append(kinds, "double", "integer")
		default:
			return append(kinds, "array", "set", "map")
		}
	}
	switch generic.Val().(type) {
	case nil:
	case int64:
		kinds = append(kinds, "integer")
	case []any:
		kinds = append(kinds, "array", "set")
	case map[any]any:
		kinds = append(kinds, "map")
	case bool:
		kinds = append(kinds, "boolean")
	case float64:
		kinds = append(kinds, "double")
	default:
		kinds = append(kinds, "text")
	}
	return kinds
}
