package lease

import (
	"embed"
	"fmt"

	"github.com/desir-go/desir/internal/script"
	"github.com/desir-go/desir/internal/wait"
)

//go:embed scripts/*.lua
var luaFiles embed.FS

var (
	record  = script.LoadFunctions(luaFiles, "record")
	others  = script.LoadFunctions(luaFiles, "others")
	waiting = script.LoadFunctions(luaFiles, "waiting")
	wakeTTL = script.Functions(fmt.Sprintf("local wakeTTL = %d\n", wait.TokenTTL.Milliseconds()))

	acquireScript = script.New(luaFiles, "acquire", record, script.Below, wait.WakeLua, wakeTTL, others, waiting)
	releaseScript = script.New(luaFiles, "release", script.Below, wait.WakeLua, wakeTTL, record, others, waiting)
	passScript    = script.New(luaFiles, "pass", wait.WakeLua, wakeTTL, record, others, waiting)
	renewScript   = script.New(luaFiles, "renew", record, others)
	leaveScript   = script.New(luaFiles, "leave", wait.WakeLua, wakeTTL, record, waiting)
	breakScript   = script.New(luaFiles, "break", wait.WakeLua, wakeTTL, record, others, waiting)
	holdersScript = script.New(luaFiles, "holders", record)
)
