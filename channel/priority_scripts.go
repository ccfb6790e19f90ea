package channel

import (
	_ "embed"

	"github.com/desir-go/desir/internal/script"
	"github.com/desir-go/desir/internal/wait"
)

var (
	//go:embed scripts/priority_member.lua
	priorityMember string
	//go:embed scripts/priority_push.lua
	priorityPushSource string
	//go:embed scripts/priority_take.lua
	priorityTakeSource string
	//go:embed scripts/priority_give_back.lua
	priorityGiveBackSource string
)

var (
	priorityPush     = script.New(priorityPushSource, wait.Ring, priorityMember)
	priorityTake     = script.New(priorityTakeSource, wait.Ring, wait.Pop)
	priorityGiveBack = script.New(priorityGiveBackSource, wait.Ring, priorityMember)
)
