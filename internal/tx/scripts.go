package tx

import (
	"embed"

	"github.com/desir-go/desir/internal/script"
	"github.com/desir-go/desir/internal/wait"
)

//go:embed scripts/*.lua
var luaFiles embed.FS

var (
	readsLua   = script.LoadFunctions(luaFiles, "reads")
	compareLua = script.LoadFunctions(luaFiles, "compare")
	writesLua  = script.LoadFunctions(luaFiles, "writes")

	readScript   = script.New(luaFiles, "read", script.SpanLua, readsLua)
	verifyScript = script.New(luaFiles, "verify", script.SpanLua, readsLua, compareLua)
	commitScript = script.New(luaFiles, "commit", script.SpanLua, readsLua, compareLua, script.Below, wait.WakeLua, writesLua)
)
