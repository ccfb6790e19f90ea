package command

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/hub"
	"github.com/desir-go/desir/internal/send"
)

// Load asks the connected server for its commands: with their sentences, and
// those of its modules. On a cluster any node answers for all.
//
// Three reads, about 300 kB: COMMAND DOCS, COMMAND and INFO server. A server without
// COMMAND DOCS, older than Redis 7.0 or embedded, gives [Builtin].
func Load(ctx context.Context, rdb redis.UniversalClient) (*Spec, error) {
	s, err := load(ctx, rdb)
	if err != nil {
		return nil, &desir.OpError{Op: "command.Load", Err: err}
	}
	return s, nil
}

func load(ctx context.Context, rdb redis.UniversalClient) (*Spec, error) {
	h, err := hub.Of(rdb)
	if err != nil {
		return nil, err
	}
	return loadFrom(ctx, h)
}

// loadFrom is load for a client whose hub is known.
func loadFrom(ctx context.Context, h *hub.Hub) (*Spec, error) {
	docs, err := ask(ctx, h, "COMMAND", "DOCS")
	if errors.Is(err, send.ErrNotSupported) {
		return Builtin(), nil
	}
	if err != nil {
		return nil, err
	}
	commands, err := parseDocs(docs)
	if err != nil {
		return Builtin(), nil // a server that answers something else to COMMAND DOCS has none
	}
	info, err := ask(ctx, h, "COMMAND")
	if err != nil {
		return nil, err
	}
	version, err := ask(ctx, h, "INFO", "server")
	if err != nil && !errors.Is(err, send.ErrDenied) {
		return nil, err
	}
	product, number := hub.Product(textIn(version))
	return newSpec(product, number, addInfo(commands, info)), nil
}

// ask sends a read whose answer may be anything.
func ask(ctx context.Context, h *hub.Hub, words ...any) (any, error) {
	cmd := redis.NewCmd(ctx, words...)
	if err := h.Send.Read(ctx, cmd); err != nil {
		if errors.Is(err, redis.Nil) {
			err = nil
		}
		return nil, err
	}
	return cmd.Val(), nil
}
