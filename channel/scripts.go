package channel

import (
	_ "embed"

	"github.com/desir-go/desir/internal/script"
)

var (
	//go:embed scripts/send.lua
	sendSource string
	//go:embed scripts/close.lua
	closeSource string
)

var (
	sendScript  = script.New(sendSource)
	closeScript = script.New(closeSource)
)
