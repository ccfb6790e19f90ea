package counter

import (
	"context"
	"fmt"
	"time"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/keys"
)

const (
	onceWindow = 10 * time.Minute // in which a token is surely remembered; at most twice as long
	onceTokens = 1 << 20          // remembered in one window
)

// AddOnce adds n unless token was used already; then it returns the value that
// the first call with this token returned, and applied is false. So a call
// that ended with [desir.ErrMaybeRan] can be repeated with its token, whatever
// became of it. A token is any text that names the event to be counted; it is
// remembered for at least 10 and at most 20 minutes of the server's clock, by
// the first call's n whatever the later ones say.
//
// One script, one round trip, O(1), atomic, sent once. Tokens are kept in two
// hashes, {name}:once:0 and {name}:once:1, which expire by themselves. More
// than 1,048,576 tokens in 10 minutes are [desir.ErrFull]: nothing is added.
// A failover may forget a token with the addition it belongs to.
func (c *Counter) AddOnce(ctx context.Context, token string, n int64) (v int64, applied bool, err error) {
	hub, err := c.h.Hub()
	if err == nil {
		err = keys.CheckTag(c.h.Key)
	}
	if err != nil {
		return 0, false, c.fail("AddOnce", err)
	}
	answer, err := addOnce.Run(ctx, hub, append([]string{c.h.Key}, c.tokenKeys()...),
		token, n, c.start, onceWindow.Milliseconds(), onceTokens)
	if err != nil {
		return 0, false, c.fail("AddOnce", err)
	}
	parts, _ := answer.([]any)
	if len(parts) == 0 {
		return 0, false, c.fail("AddOnce", fmt.Errorf("%w: too many tokens in %v", desir.ErrFull, onceWindow))
	}
	text, _ := parts[len(parts)-1].(string)
	v, err = parse(c.h.Key, text)
	return v, err == nil && parts[0] == int64(1), c.fail("AddOnce", err)
}

// tokenKeys are the keys of the two hashes that take turns.
func (c *Counter) tokenKeys() []string {
	return []string{keys.Part(c.h.Key, "once:0"), keys.Part(c.h.Key, "once:1")}
}
