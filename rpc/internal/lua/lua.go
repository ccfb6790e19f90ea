// Package lua has the scripts of rpc. The header of each file states its arguments and its
// reply.
package lua

import (
	"embed"

	"github.com/desir-go/desir/internal/script"
)

//go:embed scripts/*.lua
var luaFiles embed.FS

var clock = script.LoadFunctions(luaFiles, "clock")

// The scripts.
var (
	Call     = script.New(luaFiles, "call")
	Lease    = script.New(luaFiles, "lease", clock)
	Leave    = script.New(luaFiles, "leave", clock)
	Check    = script.New(luaFiles, "check", clock)
	About    = script.New(luaFiles, "about", clock)
	Inbox    = script.New(luaFiles, "inbox")
	Withdraw = script.New(luaFiles, "withdraw", clock)
	Waiting  = script.New(luaFiles, "waiting")
)
