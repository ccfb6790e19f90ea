package lease

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/keys"
	"github.com/desir-go/desir/internal/oneline"
	"github.com/desir-go/desir/internal/script"
	"github.com/desir-go/desir/internal/send"
)

// maxRenewals is how many leases one script renews.
const maxRenewals = 500

// renewed is the result of a renewal. Otherwise the lease is gone, or is to be given up.
const renewed = 1

// renew renews leases in the background. On a single server each script renews up to
// maxRenewals. Otherwise each slot has its own script, and those of a node share pipelines.
func (k *Keeper) renew(due []*held) {
	if len(due) == 0 {
		return
	}
	if !k.shared.Slotted() {
		for some := range slices.Chunk(due, maxRenewals) {
			go k.renewTogether(some)
		}
		return
	}
	go k.renewSlots(due)
}

// renewTogether renews leases whose keys one script may name.
func (k *Keeper) renewTogether(some []*held) {
	ctx, cancel := k.renewalContext(some)
	defer cancel()
	names, args := renewArgs(some)
	sent := time.Now()
	reply, err := renewScript.Run(ctx, k.shared, names, args...)
	k.renewalEnded(some, "", sent, reply, err)
}

// renewalContext returns a context that ends when all the leases count as lost.
func (k *Keeper) renewalContext(some []*held) (context.Context, context.CancelFunc) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var last time.Time
	for _, h := range some {
		if loss := h.loss(); loss.After(last) {
			last = loss
		}
	}
	return context.WithDeadline(context.Background(), last)
}

func renewArgs(some []*held) (names []string, args []any) {
	for _, h := range some {
		names = append(names, h.req.Keys.Leases, h.req.Keys.Meta)
		args = append(args, h.record, h.req.TTL.Milliseconds())
	}
	return names, args
}

// renewSlots renews the leases of several slots. The shards of a ring do not divide the slots,
// so keys of one slot may be on several nodes.
func (k *Keeper) renewSlots(due []*held) {
	type place struct {
		node *redis.Client
		slot int
	}
	places := map[place][]*held{}
	for _, h := range due {
		key := h.req.Keys.Leases
		node, err := k.shared.Node(context.Background(), key)
		if err != nil || node == nil {
			go k.renewTogether([]*held{h}) // its command finds the node, or reports the error
			continue
		}
		p := place{node, keys.Slot(key)}
		places[p] = append(places[p], h)
	}
	byNode := map[*redis.Client][][]*held{}
	for p, leases := range places {
		byNode[p.node] = slices.AppendSeq(byNode[p.node], slices.Chunk(leases, maxRenewals))
	}
	var all sync.WaitGroup
	for node, scripts := range byNode {
		for some := range slices.Chunk(scripts, maxRenewals) {
			all.Go(func() { k.renewOn(node, some) })
		}
	}
	all.Wait()
}

// renewOn sends a pipeline to a node, with a script for each slot. If the node does not know the
// script, it gets another pipeline. A script that the node cannot run is sent again alone.
func (k *Keeper) renewOn(node *redis.Client, scripts [][]*held) {
	unknown := k.sendRenewals(node, scripts, false)
	if len(unknown) > 0 {
		unknown = k.sendRenewals(node, unknown, true)
	}
	for _, some := range unknown {
		go k.renewTogether(some)
	}
}

// sendRenewals sends a pipeline of renewals, and returns those whose script the node does not
// know. If load is set, the first one has the source of the script.
func (k *Keeper) sendRenewals(node *redis.Client, scripts [][]*held, load bool) (unknown [][]*held) {
	ctx, cancel := k.renewalContext(slices.Concat(scripts...))
	defer cancel()
	cmds := make([]redis.Cmder, len(scripts))
	for i, some := range scripts {
		names, args := renewArgs(some)
		if load && i == 0 {
			cmds[i] = renewScript.Full(ctx, k.shared, names, args...)
		} else {
			cmds[i] = renewScript.Command(ctx, k.shared, names, args...)
		}
	}
	sent := time.Now()
	_ = k.shared.Sender.WriteOn(ctx, node, cmds...) // each command has its error
	for i, some := range scripts {
		reply, err := cmds[i].(*redis.Cmd).Result()
		switch {
		case script.Unknown(err):
			unknown = append(unknown, some)
		case send.SlotMoved(err):
			go k.renewTogether(some)
		default:
			k.renewalEnded(some, node.Options().Addr, sent, reply, k.shared.Sender.ClassifySent(ctx, err))
		}
	}
	return unknown
}

// renewalEnded records the results of a renewal that was sent at the time sent.
func (k *Keeper) renewalEnded(some []*held, node string, sent time.Time, reply any, err error) {
	results, bad := parseRenewal(reply, len(some))
	if err == nil {
		err = bad
	}
	if err != nil && send.Permanent(err) && (len(some) > 1 || node != "") {
		for _, h := range some { // one key, or one node, must not stop all of them
			go k.renewTogether([]*held{h})
		}
		return
	}
	var moved time.Duration
	if err == nil {
		k.clock.Set(results[0])
		if node != "" || !k.shared.Slotted() { // nodes have clocks of their own
			moved = k.offsets.record(node, results[0], sent)
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	defer k.notify()
	for i, h := range some {
		h.renewing = false
		switch {
		case h.index < 0: // released, or lost meanwhile
			continue
		case err != nil && send.Permanent(err):
			k.logFailure(h, err)
			h.renewAt = time.Time{} // it runs out
		case err != nil:
			k.logFailure(h, err)
			h.renewAt = time.Now().Add(min(pauses.Last, h.req.TTL/10))
		case results[i+1] != renewed || h.lost():
			k.drop(h)
			continue
		default:
			h.failing = false
			h.renewAt = sent.Add(h.req.TTL / 3)
			if end, cut := sent.Add(h.req.TTL), h.jumped(moved); cut > 0 || end.After(h.end) {
				h.setEnd(end.Add(-cut))
				if cut > 0 {
					slog.Default().Warn("desir: the server's clock moved, so a lease counts shorter until it is renewed",
						"key", oneline.Text(h.req.Keys.Leases, oneline.Name), "moved", moved, "shorter", cut)
				}
			}
		}
		k.fix(h)
	}
}

// jumped returns how much shorter the lease counts, after the server's clock has moved
// against the local clock.
func (h *held) jumped(moved time.Duration) time.Duration {
	if moved.Abs() <= margin(h.req.TTL) {
		return 0
	}
	return min(3*moved.Abs(), h.req.TTL/2)
}

// logFailure logs the first of several failures.
func (k *Keeper) logFailure(h *held, err error) {
	if !h.failing && !k.closing {
		slog.Default().Warn("desir: a lease cannot be renewed", "key", oneline.Text(h.req.Keys.Leases, oneline.Name), "error", err)
	}
	h.failing = true
}

func parseRenewal(reply any, n int) ([]int64, error) {
	parts, ok := reply.([]any)
	if !ok || len(parts) != n+1 {
		return nil, send.BadReply(errors.New("not a result for each lease"), true)
	}
	ints := make([]int64, len(parts))
	for i, p := range parts {
		if ints[i], ok = p.(int64); !ok {
			return nil, send.BadReply(errors.New("a result is not a number"), true)
		}
	}
	return ints, nil
}
