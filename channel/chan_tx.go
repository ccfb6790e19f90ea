package channel

import (
	"github.com/desir-go/desir"
	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/tx"
	"github.com/desir-go/desir/internal/wait"
)

// inTx returns an object in a transaction.
var inTx = tx.In.(func(*desir.Tx, *clients.Handle) tx.Object)

// ChanTx is a [Chan] in a transaction of [desir.Atomic].
type ChanTx[T any] struct {
	c *Chan[T]
	o tx.Object
}

// In returns the channel in a transaction.
func (c *Chan[T]) In(t *desir.Tx) ChanTx[T] { return ChanTx[T]{c, inTx(t, c.h)} }

// Send appends v when the transaction is executed, and wakes a receiver. It does not wait for
// room: if the channel is full (see [Buffer]), nothing of the transaction is written, and the
// error of Atomic is [desir.ErrFull]. If the channel is closed, it is [desir.ErrClosed].
func (x ChanTx[T]) Send(v T) {
	x.o.Queue("Send", func() (tx.Write, error) {
		value, err := x.c.values.Encode(v)
		if err != nil {
			return tx.Write{}, err
		}
		shared, err := x.c.h.Shared()
		return tx.Send(x.c.source.Keys()[1:], x.c.buffer, wait.WakeMode(shared), wait.TokenTTL.Milliseconds(), value), err
	})
}
