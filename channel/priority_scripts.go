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
	//go:embed scripts/priority_requeue.lua
	priorityRequeueSource string
)

var (
	priorityPush    = script.New(priorityPushSource, wait.WakeLua, priorityMember)
	priorityTake    = script.New(priorityTakeSource, wait.WakeLua, wait.PopLua)
	priorityRequeue = script.New(priorityRequeueSource, wait.WakeLua, priorityMember)
)
