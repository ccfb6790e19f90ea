package channel

import "github.com/desir-go/desir/codec"

// MailboxOption changes how a [Mailbox] works. Options are what this process
// believes; nothing of them is stored.
type MailboxOption interface{ applyMailbox(*mailboxSettings) }

type mailboxSettings struct {
	codec codec.Codec
	lifo  bool
}

type mailboxOption func(*mailboxSettings)

func (o mailboxOption) applyMailbox(s *mailboxSettings) { o(s) }

// LIFO lets this Mailbox receive the newest letter first. Others at the same
// name may receive in order at the same time. The default is the oldest first.
func LIFO() MailboxOption { return mailboxOption(func(s *mailboxSettings) { s.lifo = true }) }

func gatherMailbox(opts []MailboxOption) mailboxSettings {
	s := mailboxSettings{codec: codec.Auto}
	for _, o := range opts {
		if o != nil {
			o.applyMailbox(&s)
		}
	}
	return s
}
