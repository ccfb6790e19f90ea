package channel

import (
	"fmt"
)

// GapError reports that a subscriber missed messages of a topic. It is yielded at the
// position of the missing messages. A GapError ends the loop only with [Fail]. Otherwise the
// loop continues with the next message. A subscriber that builds state from messages should
// rebuild it after a GapError.
type GapError struct {
	// Missed is the number of missed messages. It is -1 if the number is not known, because
	// the connection broke.
	Missed int64
}

// Error returns a text with the number of missed messages.
func (e *GapError) Error() string {
	if e.Missed < 0 {
		return "an unknown number of messages was missed: the connection broke"
	}
	return fmt.Sprintf("%d messages were missed", e.Missed)
}
