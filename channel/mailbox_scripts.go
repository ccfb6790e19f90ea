package channel

import (
	_ "embed"

	"github.com/desir-go/desir/internal/script"
	"github.com/desir-go/desir/internal/wait"
)

var (
	//go:embed scripts/mailbox_send.lua
	mailboxSendSource string
	//go:embed scripts/mailbox_scan.lua
	mailboxScanSource string
	//go:embed scripts/mailbox_take_last.lua
	mailboxTakeLastSource string
	//go:embed scripts/mailbox_requeue_last.lua
	mailboxRequeueLastSource string
	//go:embed scripts/mailbox_take_reply.lua
	mailboxTakeReplySource string
	//go:embed scripts/mailbox_drop_reply.lua
	mailboxDropReplySource string
)

var (
	mailboxSend        = script.New(mailboxSendSource, wait.WakeLua)
	mailboxScan        = script.New(mailboxScanSource)
	mailboxTakeLast    = script.New(mailboxTakeLastSource, wait.WakeLua, wait.PopLua)
	mailboxRequeueLast = script.New(mailboxRequeueLastSource, wait.WakeLua)
	mailboxTakeReply   = script.New(mailboxTakeReplySource)
	mailboxDropReply   = script.New(mailboxDropReplySource)
)
