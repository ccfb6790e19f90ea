package channel

import (
	"context"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/script"
)

// count sends a command with the object's key that replies with a number.
func count(ctx context.Context, h *clients.Handle, command string) (int64, error) {
	s, err := h.Sender()
	if err != nil {
		return 0, err
	}
	cmd := redis.NewIntCmd(ctx, command, h.Key)
	if err := s.Read(ctx, cmd); err != nil {
		return 0, err
	}
	return cmd.Val(), nil
}

// unlink deletes keys of an object, atomically.
func unlink(ctx context.Context, h *clients.Handle, keys ...string) error {
	shared, err := h.Shared()
	if err != nil {
		return err
	}
	_, err = script.Unlink(ctx, shared, keys...)
	return err
}

// keyOf returns the key of the object behind h, or "" if the object was not made by its
// constructor.
func keyOf(h *clients.Handle) string {
	if h == nil {
		return ""
	}
	return h.Key
}
