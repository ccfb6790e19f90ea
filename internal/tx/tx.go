package tx

import (
	"errors"
	"fmt"
	"sync"

	"github.com/desir-go/desir/codec"
	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/lease"
	"github.com/desir-go/desir/internal/send"
)

// In is func(*desir.Tx, *clients.Handle) Object. The root package sets it.
var In any

const (
	maxWords = 4000      // arguments of one command, which Lua can pass on
	maxArgs  = 64 << 10  // arguments of a transaction
	maxBytes = 256 << 10 // of the reply to a read
	maxMany  = 1000      // elements of a read
)

var (
	errNoTx      = send.WithClass(send.ErrNotSupported, errors.New("the Tx is nil, or was not made by Atomic"))
	errEnded     = errors.New("the function of the transaction has returned")
	errClient    = fmt.Errorf("%w: the object belongs to another client than the transaction", send.ErrNotSupported)
	errNoLease   = send.WithClass(send.ErrNotSupported, errors.New("the lease is nil"))
	errWritten   = errors.New("the transaction has queued a write to this key, so it can no longer be read")
	errWords     = fmt.Errorf("%w: more than %d arguments of one command", codec.ErrTooLarge, maxWords)
	errArgs      = fmt.Errorf("%w: more than %d arguments of a transaction", codec.ErrTooLarge, maxArgs)
	errReadBytes = fmt.Errorf("%w: a read of a transaction returns at most %d bytes", codec.ErrTooLarge, maxBytes)
	errReadMany  = fmt.Errorf("%w: a read of a transaction returns at most %d elements and %d bytes", codec.ErrTooLarge, maxMany, maxBytes)
)

// Tx is one run of the function of a transaction. It is safe for concurrent use.
type Tx struct {
	shared *clients.Shared

	mu      sync.Mutex
	ended   bool
	keys    []string
	index   map[string]int // of each key in keys, from 1
	written map[int]bool   // indexes of keys with a queued write
	failed  *failure       // the first mistake of a write or of Require
	args    int            // number of arguments

	leases, reads, writes part
}

// part is the leases, the reads or the writes of a transaction.
type part struct {
	args  []any   // of the script
	steps []owner // of each of them
}

// owner names the call of an error.
type owner struct{ key, call string }

// failure is the error of a call.
type failure struct {
	owner
	err error
}

// Error returns a text that names the call.
func (f *failure) Error() string {
	if f.call == "" {
		return f.err.Error()
	}
	return f.call + ": " + f.err.Error()
}

func (f *failure) Unwrap() error { return f.err }

// New returns a transaction.
func New(shared *clients.Shared) *Tx {
	return &Tx{shared: shared, index: map[string]int{}, written: map[int]bool{}}
}

// End ends the run. Later calls fail.
func (t *Tx) End() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended = true
}

// fail records the first mistake.
func (t *Tx) fail(o owner, err error) {
	if t.failed == nil {
		t.failed = &failure{o, err}
	}
}

// keyIndex returns the index of a key in the script. The first key decides the slot.
func (t *Tx) keyIndex(key string) (int, error) {
	if i := t.index[key]; i > 0 {
		return i, nil
	}
	if len(t.keys) > 0 {
		if err := t.shared.SameSlot(t.keys[0], key); err != nil {
			return 0, err
		}
	}
	t.keys = append(t.keys, key)
	t.index[key] = len(t.keys)
	return len(t.keys), nil
}

// add appends a step with its arguments.
func (t *Tx) add(p *part, o owner, args ...any) error {
	if t.args+len(args) > maxArgs {
		return errArgs
	}
	t.args += len(args)
	p.args = append(p.args, args...)
	p.steps = append(p.steps, o)
	return nil
}

// Require adds leases that must be held when the writes are applied.
func (t *Tx) Require(leases ...*lease.Lease) {
	if t == nil {
		logLost("Require", "", errNoTx)
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended {
		logLost("Require", "", errEnded)
		return
	}
	if len(leases) == 0 {
		t.fail(owner{call: "Require"}, errNoLease)
	}
	for _, l := range leases {
		shared, key, record := l.Claim()
		o := owner{key, "Require"}
		if !shared.Same(t.shared) {
			t.fail(o, errClient)
			continue
		}
		i, err := t.keyIndex(key)
		if err == nil {
			err = t.add(&t.leases, o, i, record)
		}
		if err != nil {
			t.fail(o, err)
		}
	}
}
