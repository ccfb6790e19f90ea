package collections

import (
	"context"
	"time"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/send"
	"github.com/desir-go/desir/internal/tx"
)

// ValueTx is a [Value] in a transaction of [desir.Atomic]. Its reads are sent at once, and cost and
// fail as those of the Value do. Its writes are queued; see desir.Atomic for their errors.
type ValueTx[T any] struct {
	x *Value[T]
	o tx.Object
}

// In returns the value in a transaction.
func (x *Value[T]) In(t *desir.Tx) ValueTx[T] { return ValueTx[T]{x, inTx(t, x.h)} }

// Get returns the value, and whether there is one. It sends one GET.
func (x ValueTx[T]) Get(ctx context.Context) (v T, ok bool, err error) {
	raw, ok, err := x.o.Text(ctx, "get")
	if err != nil || !ok {
		return v, false, x.o.Fail("Get", err)
	}
	v, err = x.x.value.Decode(raw, x.x.h.Key, "")
	return v, err == nil, x.o.Fail("Get", err)
}

// Set stores v, replaces a value of any Redis type and removes an expiry, by SET.
func (x ValueTx[T]) Set(v T) {
	x.o.Queue("Set", func() (tx.Write, error) {
		value, err := x.x.value.Encode(v)
		return tx.Set(value), err
	})
}

// SetTTL stores v and makes it expire after ttl, as [Value.SetTTL] does, by SET with PX.
func (x ValueTx[T]) SetTTL(v T, ttl time.Duration) {
	x.o.Queue("SetTTL", func() (tx.Write, error) {
		if ttl <= 0 {
			return tx.Write{}, errTTL
		}
		value, err := x.x.value.Encode(v)
		return tx.Set(value, "PX", send.Millis(ttl)), err
	})
}

// Delete removes the value, by UNLINK.
func (x ValueTx[T]) Delete() {
	x.o.Queue("Delete", func() (tx.Write, error) { return tx.Unlink(), nil })
}
