package link

// Command is a command and its outcome. It can be reused after its reply was received.
type Command struct {
	Words []string
	Key   int // index in Words of the first key
	// Take decodes a reply that is neither an error nor null. It must read the whole
	// reply. If Take is nil, the reply is skipped.
	Take func(*Reply)

	Null bool  // the reply was null
	Err  error // an error reply, or the error that ended the exchange before the reply
}
