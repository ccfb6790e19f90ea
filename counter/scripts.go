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
	//go:embed scripts/add_within.lua
	addWithinSource string
	//go:embed scripts/window_sum.lua
	windowSumFunction string
	//go:embed scripts/window_add.lua
	windowAddSource string
	//go:embed scripts/window_count.lua
	windowCountSource string
)

var (
	addFrom = script.New(addFromSource)
	addOnce = script.New(addOnceSource)
	swapIf  = script.New(swapIfSource)

	addWithin   = script.New(addWithinSource)
	windowAdd   = script.New(windowAddSource, windowSumFunction)
	windowCount = script.New(windowCountSource, windowSumFunction)
)
