package link

// Command is a command and what became of it. It may be used again once it has its
// answer.
type Command struct {
	Words []string
	Key   int // the word that is the first key
	// Take reads the answer, if it is neither an error nor null, and must read it to its end.
	// Nil: it is nothing but that.
	Take func(*Reply)

	Null bool  // the answer was null
	Err  error // the server's answer, or what has ended the exchange before it came
}
