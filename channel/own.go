package channel

import (
	"context"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/hub"
	"github.com/desir-go/desir/internal/script"
)

// count asks for a number about the object's own key.
func count(ctx context.Context, h *hub.Handle, command string) (int64, error) {
	s, err := h.Send()
	if err != nil {
		return 0, err
	}
	cmd := redis.NewIntCmd(ctx, command, h.Key)
	if err := s.Read(ctx, cmd); err != nil {
		return 0, err
	}
	return cmd.Val(), nil
}

// unlink deletes keys of an object.
func unlink(ctx context.Context, h *hub.Handle, keys ...string) error {
	hub, err := h.Hub()
	if err != nil {
		return err
	}
	_, err = script.Unlink(ctx, hub, keys...)
	return err
}

// keyOf is the key of the object behind h, or nothing for one that no constructor
// has made.
func keyOf(h *hub.Handle) string {
	if h == nil {
		return ""
	}
	return h.Key
}
