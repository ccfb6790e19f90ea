package command

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/send"
)

// Load returns the command table of the connected server, with summaries and with the
// commands of its modules. On a cluster it asks one node.
//
// Load takes three reads, COMMAND DOCS, COMMAND and INFO server, of about 300 kB in
// total. If the server has no usable COMMAND DOCS (it is older than Redis 7.0, or
// embedded), Load returns [Builtin].
func Load(ctx context.Context, rdb redis.UniversalClient) (*Spec, error) {
	s, err := load(ctx, rdb)
	if err != nil {
		return nil, &desir.OpError{Op: "command.Load", Err: err}
	}
	return s, nil
}

func load(ctx context.Context, rdb redis.UniversalClient) (*Spec, error) {
	h, err := clients.Of(rdb)
	if err != nil {
		return nil, err
	}
	return loadFrom(ctx, h)
}

// loadFrom loads the table through h.
func loadFrom(ctx context.Context, h *clients.Shared) (*Spec, error) {
	docs, err := ask(ctx, h, "COMMAND", "DOCS")
	if errors.Is(err, send.ErrNotSupported) {
		return Builtin(), nil
	}
	if err != nil {
		return nil, err
	}
	commands, err := parseDocs(docs)
	if err != nil {
		return Builtin(), nil // such a server does not know COMMAND DOCS
	}
	info, err := ask(ctx, h, "COMMAND")
	if err != nil {
		return nil, err
	}
	version, err := ask(ctx, h, "INFO", "server")
	if err != nil && !errors.Is(err, send.ErrDenied) {
		return nil, err
	}
	product, number := clients.Product(textIn(version))
	return newSpec(product, number, addInfo(commands, info)), nil
}

// ask sends a read and returns its reply, nil included.
func ask(ctx context.Context, h *clients.Shared, words ...any) (any, error) {
	cmd := redis.NewCmd(ctx, words...)
	if err := h.Sender.Read(ctx, cmd); err != nil {
		if errors.Is(err, redis.Nil) {
			err = nil
		}
		return nil, err
	}
	return cmd.Val(), nil
}
