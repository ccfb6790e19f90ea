package rpc

import (
	"strings"

	"github.com/desir-go/desir/internal/script"
)

// WithoutFence has this process end incarnations without the fence that keeps a late read
// from calls. There is no way back.
func WithoutFence() {
	const fence = "redis.call('RPUSH', KEYS[5], 'over')"
	if !strings.Contains(leaveSource, fence) {
		panic("leave.lua has no fence")
	}
	leaveScript = script.New(strings.Replace(leaveSource, fence, "", 1), clockSource)
}
