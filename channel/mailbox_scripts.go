package channel

import (
	_ "embed"

	"github.com/desir-go/desir/internal/script"
	"github.com/desir-go/desir/internal/wait"
)

var (
	//go:embed scripts/mailbox_send.lua
	mailboxSendSource string
	//go:embed scripts/mailbox_look.lua
	mailboxLookSource string
	//go:embed scripts/mailbox_take_last.lua
	mailboxTakeLastSource string
	//go:embed scripts/mailbox_give_last.lua
	mailboxGiveLastSource string
	//go:embed scripts/mailbox_take_reply.lua
	mailboxTakeReplySource string
	//go:embed scripts/mailbox_drop_reply.lua
	mailboxDropReplySource string
)

var (
	mailboxSend      = script.New(mailboxSendSource, wait.Ring)
	mailboxLook      = script.New(mailboxLookSource)
	mailboxTakeLast  = script.New(mailboxTakeLastSource, wait.Ring, wait.Pop)
	mailboxGiveLast  = script.New(mailboxGiveLastSource, wait.Ring)
	mailboxTakeReply = script.New(mailboxTakeReplySource)
	mailboxDropReply = script.New(mailboxDropReplySource)
)
