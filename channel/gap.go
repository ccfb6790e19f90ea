package channel

import (
	"fmt"
)

// GapError says that messages of a topic were missed, right where they are
// missing. It ends a loop only with [Fail]; otherwise the loop goes on with the
// next message. Who keeps a picture of something by its messages draws it anew.
type GapError struct {
	Missed int64 // -1: the link broke, the number is not known
}

// Error tells how many messages were missed.
func (e *GapError) Error() string {
	if e.Missed < 0 {
		return "messages were missed; the link broke, nobody knows how many"
	}
	return fmt.Sprintf("%d messages were missed", e.Missed)
}
