package script

import (
	"context"
	_ "embed"

	"github.com/desir-go/desir/internal/hub"
)

//go:embed unlink.lua
var unlinkSource string

var unlink = New(unlinkSource)

// Unlink deletes keys of one slot, whatever their types, in one step, and
// returns how many existed. It is a script since a cluster client takes a
// plain UNLINK apart by its keys and sends commands of its own.
func Unlink(ctx context.Context, h *hub.Hub, keys ...string) (n int64, err error) {
	answer, err := unlink.Run(ctx, h, keys)
	n, _ = answer.(int64)
	return n, err
}
