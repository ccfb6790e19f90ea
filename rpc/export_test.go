package rpc

import (
	"strings"

	"github.com/desir-go/desir/internal/script"
)

// WithoutFence makes this process end incarnations without the fence that keeps late
// reads from taking calls. It cannot be undone.
func WithoutFence() {
	const fence = "redis.call('RPUSH', KEYS[5], 'over')"
	if !strings.Contains(leaveSource, fence) {
		panic("leave.lua has no fence")
	}
	leaveScript = script.New(strings.Replace(leaveSource, fence, "", 1), clockSource)
}
