package wire

import "github.com/desir-go/desir/internal/pack"

// CancelMessage is the content of a cancel message: calls of one client.
type CancelMessage struct {
	Inbox string
	IDs   []uint64
}

// AppendCancel appends a cancel message for calls of an inbox, each given by its encoded ID.
func AppendCancel(b []byte, inbox string, ids ...string) []byte {
	b = pack.AppendString(pack.AppendArray(b, len(ids)+1), inbox)
	for _, id := range ids {
		b = append(b, id...)
	}
	return b
}

// ParseCancel parses a cancel message: an array of an inbox name and the IDs of its
// calls. It ignores everything after an unreadable ID.
func ParseCancel(data string) (msg CancelMessage) {
	r := pack.Reader{Data: data}
	n := r.Array()
	msg.Inbox = r.String()
	if !IsInbox(msg.Inbox) {
		return CancelMessage{}
	}
	for i := 1; i < n; i++ {
		id := r.Uint()
		if r.Bad() {
			break
		}
		msg.IDs = append(msg.IDs, id)
	}
	return msg
}

// AppendIDs appends the IDs of running calls.
func AppendIDs(b []byte, ids ...uint64) []byte {
	for _, id := range ids {
		b = pack.AppendUint(b, id)
	}
	return b
}

// ParseIDs parses the IDs of running calls.
func ParseIDs(value string) (ids []uint64) {
	for r := (pack.Reader{Data: value}); r.Len() > 0; {
		id := r.Uint()
		if r.Bad() {
			break
		}
		ids = append(ids, id)
	}
	return ids
}
