package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir"
)

var errCursor = errors.New("a cursor of SCAN belongs to one node of the cluster; use a client of that node")

// send sends a request to the nodes that it belongs to. A nil reply is not an error.
func (r *Runner) send(ctx context.Context, q *request) (any, error) {
	c := q.cmd
	switch {
	case c == nil:
		return q.onOneNode(ctx)
	case changesConnection(c.id) || c.Blocking() && q.willBlock():
		return q.onDedicated(ctx)
	case !q.shared.Slotted() || len(q.keys) > 0:
		return q.onOneNode(ctx)
	case c.id == "scan":
		return nil, fmt.Errorf("%w: %w", desir.ErrNotSupported, errCursor)
	case c.toAllMasters():
		return q.onMasters(ctx)
	default:
		return q.onOneNode(ctx)
	}
}

// onOneNode sends a request to one node.
func (q *request) onOneNode(ctx context.Context) (any, error) {
	cmd := q.newCmd(ctx)
	do := q.shared.Sender.Write
	if q.cmd != nil && q.cmd.Retryable() {
		do = q.shared.Sender.Read
	}
	err := do(ctx, cmd)
	switch {
	case errors.Is(err, redis.Nil):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return cmd.Val(), nil
}

func (q *request) newCmd(ctx context.Context) *redis.Cmd {
	cmd := redis.NewCmd(ctx, q.args...)
	if q.first > 0 && q.first <= math.MaxInt8 {
		cmd.SetFirstKeyPos(int8(q.first))
	}
	return cmd
}

// policy returns the value of a tip, or "".
func (c *Command) policy(name string) string {
	for _, tip := range c.Tips {
		if value, ok := strings.CutPrefix(tip, name+":"); ok {
			return value
		}
	}
	return ""
}

// toAllMasters reports whether a command without a key goes to every master and the
// replies can be combined.
func (c *Command) toAllMasters() bool {
	request := c.policy("request_policy")
	return (request == "all_shards" || request == "all_nodes") && c.policy("response_policy") != "special"
}

// nodeReply is the reply of one master.
type nodeReply struct {
	addr  string
	value any
}

// onMasters sends a request to every master and combines the replies.
func (q *request) onMasters(ctx context.Context) (any, error) {
	var mu sync.Mutex
	var replies []nodeReply
	var failed error
	oneSucceeded := q.cmd.policy("response_policy") == "one_succeeded"
	err := q.shared.EachMaster(ctx, func(ctx context.Context, node redis.UniversalClient, addr string) error {
		cmd := redis.NewCmd(ctx, q.args...)
		do := q.shared.Sender.WriteOn
		if q.cmd.Retryable() {
			do = q.shared.Sender.ReadOn
		}
		err := do(ctx, node, cmd)
		mu.Lock()
		defer mu.Unlock()
		switch {
		case err == nil:
			replies = append(replies, nodeReply{addr, cmd.Val()})
		case errors.Is(err, redis.Nil):
			replies = append(replies, nodeReply{addr, nil})
		case oneSucceeded:
			failed = err
		default:
			return err
		}
		return nil
	})
	if err == nil && len(replies) == 0 {
		err = failed
	}
	if err != nil {
		return nil, err
	}
	slices.SortFunc(replies, func(a, b nodeReply) int { return cmp.Compare(a.addr, b.addr) })
	return combine(q.cmd.policy("response_policy"), replies), nil
}

// combine merges replies by a response policy.
func combine(policy string, replies []nodeReply) any {
	op := map[string]func(a, b int64) int64{
		"agg_sum":         func(a, b int64) int64 { return a + b },
		"agg_min":         func(a, b int64) int64 { return min(a, b) },
		"agg_max":         func(a, b int64) int64 { return max(a, b) },
		"agg_logical_and": func(a, b int64) int64 { return a & b },
		"agg_logical_or":  func(a, b int64) int64 { return a | b },
	}[policy]
	whole := replies[0].value
	for _, p := range replies[1:] {
		switch {
		case op != nil:
			whole = combineValues(op, whole, p.value)
		case policy != "":
		case whole == nil:
			whole = p.value
		default:
			a, okA := whole.([]any)
			b, okB := p.value.([]any)
			if okA && okB {
				whole = slices.Concat(a, b)
			}
		}
	}
	return whole
}

// combineValues combines two numbers, or the elements of two lists.
func combineValues(op func(a, b int64) int64, a, b any) any {
	switch a := a.(type) {
	case int64:
		if b, ok := b.(int64); ok {
			return op(a, b)
		}
	case []any:
		if b, ok := b.([]any); ok && len(a) == len(b) {
			all := make([]any, len(a))
			for i := range a {
				all[i] = combineValues(op, a[i], b[i])
			}
			return all
		}
	}
	return a
}
