package tx

import (
	"log/slog"

	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/oneline"
)

// Object is an object in a transaction.
type Object struct {
	t *Tx
	h *clients.Handle
}

// NewObject returns the object of a handle in a transaction, which may be nil.
func NewObject(t *Tx, h *clients.Handle) Object { return Object{t, h} }

// Err returns why the object cannot be used, or nil.
func (o Object) Err() error {
	_, err := o.shared()
	return err
}

func (o Object) shared() (*clients.Shared, error) {
	if o.t == nil {
		return nil, errNoTx
	}
	shared, err := o.h.Shared()
	switch {
	case err != nil:
		return nil, err
	case !shared.Same(o.t.shared):
		return nil, errClient
	}
	return shared, nil
}

// Fail returns err as the error of a read.
func (o Object) Fail(call string, err error) error { return o.h.Fail(call, err) }

func (o Object) owner(call string) owner {
	if o.h == nil {
		return owner{"", call}
	}
	return owner{o.h.Key, o.h.Type + "." + call}
}

// Write is a queued write. The kinds are those of scripts/writes.lua.
type Write struct {
	kind    string
	args    []any
	helpers []string // keys whose indexes precede args
}

// Change is a command that does not create the key, which has the given type if it exists.
func Change[T any](typ, command string, args ...T) Write { return typed("change", typ, command, args) }

// Create is Change for a command that creates the key.
func Create[T any](typ, command string, args ...T) Write { return typed("create", typ, command, args) }

func typed[T any](kind, typ, command string, args []T) Write {
	w := Write{kind: kind, args: append(make([]any, 0, 2+len(args)), typ, command)}
	for _, a := range args {
		w.args = append(w.args, a)
	}
	return w
}

// Set is SET with its arguments.
func Set(args ...any) Write { return Write{kind: "set", args: args} }

// Unlink deletes the key.
func Unlink() Write { return Write{kind: "unlink"} }

// Add is INCRBY of a number that counts as start if it is missing.
func Add(delta, start int64) Write { return Write{kind: "add", args: []any{delta, start}} }

// Ring is RPUSH or LPUSH to a list that is trimmed to most elements.
func Ring(command string, most int, values []string) Write {
	w := Write{kind: "ring", args: []any{command, most}}
	for _, v := range values {
		w.args = append(w.args, v)
	}
	return w
}

// Send is a send to a channel with the given helper keys.
func Send(helpers []string, args ...any) Write {
	return Write{kind: "send", args: args, helpers: helpers}
}

// Queue queues what write returns. It does not call write if the object cannot be
// used. A write with no arguments of its command is not queued. A mistake is the error of the
// transaction. If the transaction cannot return it, it is logged.
func (o Object) Queue(call string, write func() (Write, error)) {
	if o.t == nil {
		logLost(o.owner(call).call, o.owner(call).key, errNoTx)
		return
	}
	err := o.Err()
	var w Write
	if err == nil {
		w, err = write()
	}
	o.t.mu.Lock()
	defer o.t.mu.Unlock()
	if o.t.ended {
		logLost(o.owner(call).call, o.owner(call).key, errEnded)
		return
	}
	if err == nil && w.kind != "" {
		err = o.queue(call, w)
	}
	if err != nil {
		o.t.fail(o.owner(call), err)
	}
}

func (o Object) queue(call string, w Write) error {
	if len(w.args) > maxWords {
		return errWords
	}
	at, err := o.t.keyIndex(o.h.Key)
	if err != nil {
		return err
	}
	args := append(make([]any, 0, 3+len(w.helpers)+len(w.args)), w.kind, at, len(w.helpers)+len(w.args))
	for _, key := range w.helpers {
		i, err := o.t.keyIndex(key)
		if err != nil {
			return err
		}
		args = append(args, i)
	}
	o.t.written[at] = true
	return o.t.add(&o.t.writes, o.owner(call), append(args, w.args...)...)
}

// logLost logs a call that has no effect and no place for its error.
func logLost(call, key string, err error) {
	slog.Default().Error("desir: a call in a transaction had no effect", "call", call, "key", oneline.Text(key, oneline.Name), "error", err)
}
