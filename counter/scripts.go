package counter

import (
	_ "embed"

	"github.com/desir-go/desir/internal/script"
)

var (
	//go:embed scripts/add_from.lua
	addFromSource string
	//go:embed scripts/add_once.lua
	addOnceSource string
	//go:embed scripts/swap_if.lua
	swapIfSource string
)

var (
	addFrom = script.New(addFromSource)
	addOnce = script.New(addOnceSource)
	swapIf  = script.New(swapIfSource)
)
