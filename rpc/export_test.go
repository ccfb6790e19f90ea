package rpc

import (
	"strings"

	"github.com/desir-go/desir/internal/script"
)

// WithoutFence makes this process end incarnations without the fence that keeps late
// reads from taking calls. It cannot be undone.
func WithoutFence() {
	const fence = "redis.call('RPUSH', KEYS[5], 'over')"
	source, err := luaFiles.ReadFile("scripts/leave.lua")
	if err != nil || !strings.Contains(string(source), fence) {
		panic("leave.lua has no fence")
	}
	leaveScript = script.FromSource(strings.Replace(string(source), fence, "", 1), clockLua)
}
