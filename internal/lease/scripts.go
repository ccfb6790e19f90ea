package lease

import (
	"embed"

	"github.com/desir-go/desir/internal/script"
	"github.com/desir-go/desir/internal/wait"
)

//go:embed scripts/*.lua
var luaFiles embed.FS

var (
	record  = script.LoadFunctions(luaFiles, "record")
	waiting = script.LoadFunctions(luaFiles, "waiting")

	acquireScript = script.New(luaFiles, "acquire", wait.WakeLua, record, waiting)
	releaseScript = script.New(luaFiles, "release", wait.WakeLua, record, waiting)
	passScript    = script.New(luaFiles, "pass", wait.WakeLua, record, waiting)
	renewScript   = script.New(luaFiles, "renew", record)
	leaveScript   = script.New(luaFiles, "leave", wait.WakeLua, record, waiting)
	breakScript   = script.New(luaFiles, "break", wait.WakeLua, record, waiting)
	holdersScript = script.New(luaFiles, "holders", record)
)
