package resp

// Command is a command and its outcome. It can be reused after its reply was received.
type Command struct {
	Args   []string
	KeyPos int // index in Args of the first key
	// Decode decodes a reply that is neither an error nor null. It must read the whole
	// reply. If Decode is nil, the reply is skipped.
	Decode func(*Reply)

	Null bool  // the reply was null
	Err  error // an error reply, or the error that ended the exchange before the reply
}
