package rpc

import (
	"embed"

	"github.com/desir-go/desir/internal/script"
)

//go:embed scripts/*.lua
var luaFiles embed.FS

var (
	callScript    = script.New(luaFiles, "call")
	inboxScript   = script.New(luaFiles, "inbox")
	waitingScript = script.New(luaFiles, "waiting")

	clockLua       = script.LoadFunctions(luaFiles, "clock")
	leaseScript    = script.New(luaFiles, "lease", clockLua)
	leaveScript    = script.New(luaFiles, "leave", clockLua)
	checkScript    = script.New(luaFiles, "check", clockLua)
	aboutScript    = script.New(luaFiles, "about", clockLua)
	withdrawScript = script.New(luaFiles, "withdraw", clockLua)
)
