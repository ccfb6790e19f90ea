package desir

import (
	"context"
	"errors"
	"reflect"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/desir-go/desir/internal/backoff"
	"github.com/desir-go/desir/internal/clients"
	"github.com/desir-go/desir/internal/lease"
	"github.com/desir-go/desir/internal/send"
	"github.com/desir-go/desir/internal/tx"
)

const maxAtomicRuns = 200 // before ErrConflict

// atomicPauses are the pauses after runs that another writer has won.
var atomicPauses = backoff.Range{First: 100 * time.Microsecond, Last: 100 * time.Millisecond}

// Atomic changes several objects in one step, or none of them.
//
// f uses objects by their method In, which returns their reads and writes in the transaction.
// Reads are sent at once. Writes are queued, have no result, and are sent when f returns nil:
// one script then repeats the reads and compares their replies, checks whether all writes can
// be executed, and executes them. If a read differs, nothing was written, and f runs again,
// after a pause. So f may run several times, and must have no other effects.
//
//	err := desir.Atomic(ctx, rdb, func(tx *desir.Tx) error {
//		from, to := accounts.In(tx), moved.In(tx)
//		n, ok, err := from.Get(ctx, "ada")
//		if err != nil || !ok || n < 5 {
//			return errors.Join(err, errTooLittle) // nothing is written
//		}
//		from.Set("ada", n-5)
//		to.Add(5)
//		return nil
//	})
//
// All reads hold at the instant of the writes, so transactions are serializable. Before that,
// f may see values that never existed together. It runs again then, unless it returns an
// error. A value that changed and has changed back is no difference. A key to which a write is
// queued can no longer be read in the transaction. A read returns at most 1000 elements and
// 256 KiB, else its error is codec.ErrTooLarge.
//
// If f returns an error or panics, nothing is sent, and the error comes out as it is. A
// transaction that only reads sends the comparison too, in a script that may be retried. A
// transaction inside of f is a transaction of its own.
//
// Atomic needs one round trip for each read and one for the script, which is sent once and
// costs the server what the reads and writes do. The errors of the script are:
//
//   - [ErrConflict]: other writers kept changing what f had read, in 200 runs.
//   - [ErrWrongType], [ErrDenied], [ErrFull], [ErrClosed] or the server's error of a number:
//     a write cannot be executed. The text names it.
//   - [ErrOutOfMemory], [ErrUnavailable]: as for any write.
//   - [ErrLost]: see [Tx.Require].
//   - [ErrMaybeRan]: the reply was lost. All of the writes may have been executed, or none.
//     Atomic never repeats them.
//
// In all cases but the last, nothing was written. An argument that cannot be used, such as a
// value that does not encode, is the error of Atomic too.
//
// On a cluster all keys must be in one slot, so their names need the same hash tag; otherwise
// the error is [ErrCrossSlot]. On a single server any keys can be used together. All objects
// must have been made with rdb.
func Atomic(ctx context.Context, rdb redis.UniversalClient, f func(tx *Tx) error) error {
	shared, err := clients.Of(rdb)
	if err != nil {
		return &OpError{Op: "desir.Atomic", Err: err}
	}
	pause := atomicPauses.Start()
	for runs := 1; ; runs++ {
		t := tx.New(shared)
		if err := run(t, f); err != nil {
			return err
		}
		err := t.Commit(ctx)
		if !errors.Is(err, ErrConflict) || runs == maxAtomicRuns {
			return err
		}
		if !pause.Wait(ctx) {
			return t.Fail(send.WithClass(ErrUnavailable, ctx.Err()))
		}
	}
}

// run calls f, and ends the run also if f panics.
func run(t *tx.Tx, f func(tx *Tx) error) error {
	defer t.End()
	return f(&Tx{t})
}

// Tx is one run of the function of [Atomic]. It is safe for concurrent use, and ends when the
// function returns. After that its reads fail, and its writes have no effect, which is logged.
type Tx struct{ t *tx.Tx }

// Require makes the writes of the transaction depend on a lease, such as that of a
// lock.Mutex: they are executed only while the server has the lease and it has not ended by
// the server's clock. If it was lost, broken or released, nothing is written, the error of
// Atomic is [ErrLost], and the function does not run again.
//
// So a process that was paused for longer than its lease cannot write what the next holder
// relies on. A lease of lock.All requires all of its locks. On a cluster the lock needs the hash
// tag of the objects; a lock that has the name of an object is in its slot.
func (x *Tx) Require(l Lease) {
	var t *tx.Tx
	if x != nil {
		t = x.t
	}
	t.Require(claims(l)...)
}

// claims returns nothing for a nil lease.
func claims(l Lease) []*lease.Lease {
	if v := reflect.ValueOf(l); !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return nil
	}
	return l.claims()
}

func init() {
	tx.In = func(x *Tx, h *clients.Handle) tx.Object {
		if x == nil {
			return tx.NewObject(nil, h)
		}
		return tx.NewObject(x.t, h)
	}
}
