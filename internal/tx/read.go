package tx

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"math"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/send"
)

// longText is the length from which a text is sent as a digest.
const longText = 256

var errReply = send.WithClass(send.ErrBadReply, errors.New("the reply has an unexpected form"))

// Text sends a read whose reply is a text or nil, and records the reply.
func (o Object) Text(ctx context.Context, command string, args ...any) (text string, ok bool, err error) {
	shared, at, err := o.begin(1 + len(args))
	if err != nil {
		return "", false, err
	}
	switch s := shared.Sender; {
	case shared.FromReplicas():
		var reply any
		if reply, err = o.one(ctx, shared, command, args); err == nil {
			text, ok = reply.(string)
		}
	case command == "hget":
		text, ok, err = s.HGet(ctx, o.h.Key, args[0].(string))
	default:
		cmd := redis.NewStringCmd(ctx, o.command(command, args)...)
		text, err = send.Reply(cmd, s.Read(ctx, cmd))
		ok, err = err == nil, send.IgnoreNil(err)
	}
	switch {
	case err != nil:
		return "", false, err
	case len(text) > maxBytes:
		return "", false, errReadBytes
	}
	seen := "-"
	if ok {
		seen = "$" + text
	}
	if len(text) >= longText {
		sum := sha1.Sum([]byte(text))
		seen = "#" + hex.EncodeToString(sum[:])
	}
	return text, ok, o.record("text", at, seen, command, args)
}

// Int sends a read whose reply is an integer or nil, and records the reply.
func (o Object) Int(ctx context.Context, command string, args ...any) (n int64, ok bool, err error) {
	shared, at, err := o.begin(1 + len(args))
	if err != nil {
		return 0, false, err
	}
	switch s := shared.Sender; {
	case shared.FromReplicas():
		var reply any
		if reply, err = o.one(ctx, shared, command, args); err == nil {
			n, ok = reply.(int64)
		}
	case command == "sismember":
		var found bool
		found, err = s.SIsMember(ctx, o.h.Key, args[0].(string))
		if ok = true; found {
			n = 1
		}
	default:
		cmd := redis.NewIntCmd(ctx, o.command(command, args)...)
		n, err = send.Reply(cmd, s.Read(ctx, cmd))
		ok, err = err == nil, send.IgnoreNil(err)
	}
	if err != nil {
		return 0, false, err
	}
	seen := "-"
	if ok {
		seen = ":" + strconv.FormatInt(n, 10)
	}
	return n, ok, o.record("text", at, seen, command, args)
}

// Number sends a read whose reply is a number or nil, and records the reply.
func (o Object) Number(ctx context.Context, command string, args ...any) (x float64, ok bool, err error) {
	shared, at, err := o.begin(1 + len(args))
	if err != nil {
		return 0, false, err
	}
	if shared.FromReplicas() {
		var reply any
		if reply, err = o.one(ctx, shared, command, args); err == nil && reply != nil {
			text, _ := reply.(string)
			x, err = strconv.ParseFloat(text, 64)
			ok = err == nil
		}
	} else {
		cmd := redis.NewFloatCmd(ctx, o.command(command, args)...)
		x, err = send.Reply(cmd, shared.Sender.Read(ctx, cmd))
		ok, err = err == nil, send.IgnoreNil(err)
	}
	if err != nil {
		return 0, false, err
	}
	seen := "-"
	switch {
	case !ok:
	case math.IsInf(x, 1):
		seen = "$inf"
	case math.IsInf(x, -1):
		seen = "$-inf"
	default:
		seen = "$" + strconv.FormatFloat(x, 'g', -1, 64)
	}
	return x, ok, o.record("number", at, seen, command, args)
}

// The orders of a read of many elements.
const (
	Listed = "list"  // the elements have an order
	Sorted = "set"   // they have none
	Paired = "pairs" // pairs of them have none
)

// Many sends a read of many elements, and records its digest. The elements are strings,
// integers or nil. The command SPAN is that of scripts/reads.lua.
func (o Object) Many(ctx context.Context, order, command string, args ...any) ([]any, error) {
	shared, at, err := o.begin(1 + len(args))
	if err != nil {
		return nil, err
	}
	if len(args) > maxMany {
		return nil, errReadMany
	}
	inScript := order
	if order == Listed {
		inScript = ""
	}
	reply, err := readScript.Run(ctx, shared, []string{o.h.Key}, append([]any{inScript, command}, args...)...)
	if err != nil {
		return nil, err
	}
	parts, ok := reply.([]any)
	switch {
	case !ok:
		return nil, errReply
	case len(parts) == 0:
		return nil, errReadMany
	}
	digest, ok := parts[0].(string)
	if !ok || len(digest) != 2*sha1.Size {
		return nil, errReply
	}
	return parts[1:], o.record(order, at, digest, command, args)
}

// one sends a read of one element to the master.
func (o Object) one(ctx context.Context, shared *clients.Shared, command string, args []any) (any, error) {
	reply, err := readScript.Run(ctx, shared, []string{o.h.Key}, append([]any{"one", command}, args...)...)
	if err != nil {
		return nil, err
	}
	switch parts, _ := reply.([]any); len(parts) {
	case 1: // a nil ends a list of Lua
		return nil, nil
	case 2:
		return parts[1], nil
	}
	return nil, errReply
}

func (o Object) command(name string, args []any) []any {
	return append(append(make([]any, 0, 2+len(args)), name, o.h.Key), args...)
}

// begin checks that the key can be read, and returns its client and its index.
func (o Object) begin(words int) (*clients.Shared, int, error) {
	shared, err := o.shared()
	if err != nil {
		return nil, 0, err
	}
	o.t.mu.Lock()
	defer o.t.mu.Unlock()
	if o.t.ended {
		return nil, 0, errEnded
	}
	at, err := o.t.keyIndex(o.h.Key)
	switch {
	case err != nil:
		return nil, 0, err
	case o.t.written[at]:
		return nil, 0, errWritten
	case words > maxWords:
		return nil, 0, errWords
	}
	return shared, at, nil
}

// record records a read and what it returned.
func (o Object) record(kind string, at int, seen, command string, args []any) error {
	o.t.mu.Lock()
	defer o.t.mu.Unlock()
	if o.t.ended {
		return errEnded
	}
	step := append(make([]any, 0, 5+len(args)), kind, at, seen, 1+len(args), command)
	return o.t.add(&o.t.reads, o.owner(""), append(step, args...)...)
}
