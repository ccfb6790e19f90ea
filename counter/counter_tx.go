package counter

import (
	"context"

	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/tx"
)

// inTx returns an object in a transaction.
var inTx = tx.In.(func(*desir.Tx, *clients.Handle) tx.Object)

// CounterTx is a [Counter] in a transaction of [desir.Atomic]. Its reads are sent at once, and cost
// and fail as those of the Counter do. Its writes are queued; see desir.Atomic for their errors.
type CounterTx struct {
	c *Counter
	o tx.Object
}

// In returns the counter in a transaction.
func (c *Counter) In(t *desir.Tx) CounterTx { return CounterTx{c, inTx(t, c.h)} }

// Value returns the value. A missing key counts as the counter's start. It sends one GET.
func (x CounterTx) Value(ctx context.Context) (int64, error) {
	text, ok, err := x.o.Text(ctx, "get")
	switch {
	case err != nil:
		return 0, x.o.Fail("Value", err)
	case !ok:
		return x.c.start, nil
	}
	v, err := parse(x.c.h.Key, text)
	return v, x.o.Fail("Value", err)
}

// Add adds n, by INCRBY. It does not read the value, so additions of others are no conflict. If
// the value is not a number of 64 bits, or the sum is not, nothing of the transaction is
// written.
func (x CounterTx) Add(n int64) {
	x.o.Queue("Add", func() (tx.Write, error) { return tx.Add(n, x.c.start), nil })
}

// Set stores n, replaces a value of any Redis type and removes an expiry, by SET.
func (x CounterTx) Set(n int64) {
	x.o.Queue("Set", func() (tx.Write, error) { return tx.Set(n), nil })
}
