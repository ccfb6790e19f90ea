package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/command"
)

// commandFlags has the flags of the commands that send Redis commands.
type commandFlags struct {
	JSON  bool     `help:"Print each reply as JSON on one line."`
	Allow []string `placeholder:"NAME" help:"Permit commands that are refused by default because they destroy data, stop a server or change a connection. Comma-separated names."`
}

// runner returns a Runner that checks against spec.
func (a commandFlags) runner(rdb redis.UniversalClient, spec *command.Spec) *command.Runner {
	return command.New(rdb, command.Specification(spec), command.Allow(a.Allow...))
}

// doer is a Runner or a Session.
type doer interface {
	Do(ctx context.Context, args ...any) (command.Reply, error)
}

// sendCommand sends a command.
func sendCommand(ctx context.Context, r doer, words []string) (command.Reply, error) {
	if instead, ok := neverEnding[strings.ToUpper(words[0])]; ok {
		return command.Reply{}, fmt.Errorf("%s never ends and is not supported here; use %s", strings.ToUpper(words[0]), instead)
	}
	args := make([]any, len(words))
	for i, w := range words {
		args[i] = w
	}
	reply, err := r.Do(ctx, args...)
	wrong, isWrong := errors.AsType[*command.ArgError](err)
	switch op, _ := errors.AsType[*desir.OpError](err); {
	case isWrong:
		return reply, wrong // its text names the command
	case errors.Is(err, command.ErrUnknown):
		return reply, op.Err
	case errors.Is(err, command.ErrNotAllowed):
		return reply, fmt.Errorf("%w (desir: use --allow)", err)
	default:
		return reply, err
	}
}

// neverEnding maps commands without a final reply to what to use instead.
var neverEnding = map[string]string{
	"SUBSCRIBE":  "desir topic sub NAME",
	"SSUBSCRIBE": "desir topic sub NAME",
	"PSUBSCRIBE": "desir topic sub --pattern NAME",
	"MONITOR":    "redis-cli monitor",
	"SYNC":       "redis-cli --rdb FILE",
	"PSYNC":      "redis-cli --rdb FILE",
}

// print prints a reply like redis-cli, with terminal control characters escaped, or as
// JSON.
func (a commandFlags) print(out io.Writer, reply command.Reply) error {
	var text string
	if a.JSON {
		text = string(appendJSON(nil, replyDocument(reply.Value())))
	} else {
		text = harmless(strings.TrimSuffix(strings.ReplaceAll(reply.String(), "\r\n", "\n"), "\n"))
	}
	_, err := fmt.Fprintln(out, text)
	return err
}

// replyDocument converts a reply to a document.
func replyDocument(value any) any {
	switch v := value.(type) {
	case nil, bool, int64, float64:
		return v
	case string:
		if !utf8.ValidString(v) {
			return []byte(v)
		}
		return v
	case error:
		return mapping{{"error", v.Error()}}
	case []any:
		all := make([]any, len(v))
		for i := range v {
			all[i] = replyDocument(v[i])
		}
		return all
	case map[any]any:
		all := mapping{}
		for k, e := range v {
			all = append(all, pair{replyDocument(k), replyDocument(e)})
		}
		slices.SortFunc(all, func(a, b pair) int { return cmp.Compare(fmt.Sprint(a.key), fmt.Sprint(b.key)) })
		return all
	default:
		return fmt.Sprint(v)
	}
}

// loadTimeout bounds the time for loading the server's table.
const loadTimeout = 3 * time.Second

// loadSpec returns the server's table, or the built-in one if loading fails.
func loadSpec(ctx context.Context, rdb redis.UniversalClient) *command.Spec {
	ctx, cancel := context.WithTimeout(ctx, loadTimeout)
	defer cancel()
	spec, err := command.Load(ctx, rdb)
	if err != nil {
		return command.Builtin()
	}
	return spec
}
