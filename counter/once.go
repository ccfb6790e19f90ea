package counter

import (
	"context"
	"fmt"
	"time"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/keys"
)

const (
	onceWindow    = 10 * time.Minute // tokens are remembered for one to two windows
	maxOnceTokens = 1 << 20          // the most tokens of one window
)

// AddOnce adds n unless token was already used. It returns the new value and applied is
// true. If token was used, AddOnce adds nothing, returns the value that the first call
// with this token returned, and applied is false. So a call that ended with
// [desir.ErrMaybeRan] can be retried with the same token, whether or not it was
// executed.
//
// A token is any text that identifies the event to count. The server remembers it for at
// least 10 and at most 20 minutes of its clock. Only the n of the first call with a token
// counts.
//
// AddOnce runs one script in one round trip, sent once, and is O(1) and atomic. It
// keeps the tokens in two hashes, {name}:once:0 and {name}:once:1, which expire. If
// there are more than 1,048,576 tokens in 10 minutes, AddOnce adds nothing and returns
// [desir.ErrFull]. A failover may lose a token together with its addition.
func (c *Counter) AddOnce(ctx context.Context, token string, n int64) (v int64, applied bool, err error) {
	shared, err := c.h.Shared()
	if err == nil {
		err = keys.CheckTag(c.h.Key)
	}
	if err != nil {
		return 0, false, c.h.Fail("AddOnce", err)
	}
	reply, err := addOnce.Run(ctx, shared, append([]string{c.h.Key}, c.tokenKeys()...),
		token, n, c.start, onceWindow.Milliseconds(), maxOnceTokens)
	if err != nil {
		return 0, false, c.h.Fail("AddOnce", err)
	}
	parts, _ := reply.([]any)
	if len(parts) == 0 {
		return 0, false, c.h.Fail("AddOnce", fmt.Errorf("%w: too many tokens in %v", desir.ErrFull, onceWindow))
	}
	text, _ := parts[len(parts)-1].(string)
	v, err = parse(c.h.Key, text)
	return v, err == nil && parts[0] == int64(1), c.h.Fail("AddOnce", err)
}

// tokenKeys returns the keys of the two hashes that alternate.
func (c *Counter) tokenKeys() []string {
	return []string{keys.Part(c.h.Key, "once:0"), keys.Part(c.h.Key, "once:1")}
}
