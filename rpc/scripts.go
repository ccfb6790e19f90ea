package rpc

import (
	_ "embed"

	"github.com/desir-go/desir/internal/script"
)

var (
	//go:embed scripts/clock.lua
	clockSource string
	//go:embed scripts/call.lua
	callSource string
	//go:embed scripts/lease.lua
	leaseSource string
	//go:embed scripts/leave.lua
	leaveSource string
	//go:embed scripts/check.lua
	checkSource string
	//go:embed scripts/about.lua
	aboutSource string
	//go:embed scripts/inbox.lua
	inboxSource string
	//go:embed scripts/withdraw.lua
	withdrawSource string
	//go:embed scripts/waiting.lua
	waitingSource string
)

var (
	callScript     = script.New(callSource)
	leaseScript    = script.New(leaseSource, clockSource)
	leaveScript    = script.New(leaveSource, clockSource)
	checkScript    = script.New(checkSource, clockSource)
	aboutScript    = script.New(aboutSource, clockSource)
	inboxScript    = script.New(inboxSource)
	withdrawScript = script.New(withdrawSource, clockSource)
	waitingScript  = script.New(waitingSource)
)
