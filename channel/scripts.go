package channel

import (
	_ "embed"

	"github.com/desir-go/desir/internal/script"
	"github.com/desir-go/desir/internal/wait"
)

var (
	//go:embed scripts/send.lua
	sendSource string
	//go:embed scripts/close.lua
	closeSource string
)

var (
	sendScript  = script.New(sendSource, wait.WakeLua)
	closeScript = script.New(closeSource, wait.WakeLua)
)
