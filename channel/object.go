package channel

import (
	"context"

	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/script"
)

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
