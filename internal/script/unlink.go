package script

import (
	"context"
	"embed"

	"github.com/desir-go/desir/internal/clients"
)

//go:embed scripts/*.lua
var luaFiles embed.FS

var unlink = New(luaFiles, "unlink")

// Unlink deletes keys of one slot atomically, and returns the number of keys that existed. It
// is a script because a cluster client splits a plain UNLINK into one command for each key.
func Unlink(ctx context.Context, h *clients.Shared, keys ...string) (n int64, err error) {
	reply, err := unlink.Run(ctx, h, keys)
	n, _ = reply.(int64)
	return n, err
}
