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

// WithMailboxCodec is [WithCodec] for a Mailbox. The codec covers the letter:
// the value, the sender's address and the letter's ID, and with codec.Sign or
// codec.Encrypt the address of the receiver too. All who write to each other
// need the same codec and keys.
func WithMailboxCodec(c codec.Codec) MailboxOption { return codecOption{c} }

func gatherMailbox(opts []MailboxOption) mailboxSettings {
	s := mailboxSettings{codec: codec.Auto}
	for _, o := range opts {
		if o != nil {
			o.applyMailbox(&s)
		}
	}
	return s
}
