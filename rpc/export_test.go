package rpc

import (
	"os"
	"strings"

	"github.com/desir-go/desir/internal/script"
	"github.com/desir-go/desir/rpc/internal/lua"
)

// WithoutFence makes this process end incarnations without the fence that keeps late
// reads from taking calls. It cannot be undone.
func WithoutFence() {
	const fence = "redis.call('RPUSH', KEYS[5], 'over')"
	leave, clock := readScript("leave"), readScript("clock")
	if !strings.Contains(leave, fence) {
		panic("leave.lua has no fence")
	}
	lua.Leave = script.FromSource(strings.Replace(leave, fence, "", 1), script.Functions(clock))
}

func readScript(name string) string {
	text, err := os.ReadFile("internal/lua/scripts/" + name + ".lua")
	if err != nil {
		panic(err)
	}
	return string(text)
}
