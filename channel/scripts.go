package channel

import (
	"embed"

	"github.com/desir-go/desir/internal/script"
	"github.com/desir-go/desir/internal/wait"
)

//go:embed scripts/*.lua
var luaFiles embed.FS

var (
	sendScript  = script.New(luaFiles, "send", wait.WakeLua)
	closeScript = script.New(luaFiles, "close", wait.WakeLua)

	mailboxSend        = script.New(luaFiles, "mailbox_send", wait.WakeLua)
	mailboxScan        = script.New(luaFiles, "mailbox_scan")
	mailboxTakeLast    = script.New(luaFiles, "mailbox_take_last", wait.WakeLua, wait.PopLua)
	mailboxRequeueLast = script.New(luaFiles, "mailbox_requeue_last", wait.WakeLua)
	mailboxTakeReply   = script.New(luaFiles, "mailbox_take_reply")
	mailboxDropReply   = script.New(luaFiles, "mailbox_drop_reply")

	priorityMember  = script.LoadFunctions(luaFiles, "priority_member")
	priorityPush    = script.New(luaFiles, "priority_push", wait.WakeLua, priorityMember)
	priorityTake    = script.New(luaFiles, "priority_take", wait.WakeLua, wait.PopLua)
	priorityRequeue = script.New(luaFiles, "priority_requeue", wait.WakeLua, priorityMember)

	topicNumber  = script.LoadFunctions(luaFiles, "topic_number")
	topicPublish = script.New(luaFiles, "topic_publish", topicNumber)
	topicBarrier = script.New(luaFiles, "topic_barrier", topicNumber)
)
