package channel

import "github.com/desir-go/desir/codec"

// MailboxOption configures a [Mailbox]. Options apply to this process only. They are not
// stored.
type MailboxOption interface{ applyMailbox(*mailboxSettings) }

type mailboxSettings struct {
	codec codec.Codec
	lifo  bool
}

type mailboxOption func(*mailboxSettings)

func (o mailboxOption) applyMailbox(s *mailboxSettings) { o(s) }

// LIFO makes this Mailbox receive the newest letter first. Other receivers of the same name
// may receive the oldest first at the same time. The default is oldest first.
func LIFO() MailboxOption { return mailboxOption(func(s *mailboxSettings) { s.lifo = true }) }

func newMailboxSettings(opts []MailboxOption) mailboxSettings {
	s := mailboxSettings{codec: codec.Auto}
	for _, o := range opts {
		if o != nil {
			o.applyMailbox(&s)
		}
	}
	return s
}
