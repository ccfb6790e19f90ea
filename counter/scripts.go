package counter

import (
	"embed"

	"github.com/desir-go/desir/internal/script"
)

//go:embed scripts/*.lua
var luaFiles embed.FS

var (
	addFrom   = script.New(luaFiles, "add_from")
	addOnce   = script.New(luaFiles, "add_once")
	swapIf    = script.New(luaFiles, "swap_if")
	addWithin = script.New(luaFiles, "add_within")

	windowSum   = script.LoadFunctions(luaFiles, "window_sum")
	windowAdd   = script.New(luaFiles, "window_add", windowSum)
	windowCount = script.New(luaFiles, "window_count", windowSum)
)
