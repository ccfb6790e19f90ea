package rpc

import (
	_ "embed"

	"github.com/desir-go/desir/internal/script"
)

var (
	//go:embed scripts/call.lua
	callSource string
	//go:embed scripts/reap.lua
	reapSource string
	//go:embed scripts/lease.lua
	leaseSource string
	//go:embed scripts/leave.lua
	leaveSource string
	//go:embed scripts/check.lua
	checkSource string
	//go:embed scripts/inbox.lua
	inboxSource string
	//go:embed scripts/withdraw.lua
	withdrawSource string
	//go:embed scripts/waiting.lua
	waitingSource string
)

var (
	callScript     = script.New(callSource)
	leaseScript    = script.New(leaseSource, reapSource)
	leaveScript    = script.New(leaveSource, reapSource)
	checkScript    = script.New(checkSource, reapSource)
	inboxScript    = script.New(inboxSource)
	withdrawScript = script.New(withdrawSource)
	waitingScript  = script.New(waitingSource)
)
